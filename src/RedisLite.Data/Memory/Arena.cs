using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using RedisLite.Data.Tables;

namespace RedisLite.Data.Memory;

// The memory of all keys and values.
//
// A managed object per key costs two dozen bytes of header and, worse, makes every collection walk the data set (seconds at 10 M keys). So keys
// and values live outside the GC heap, in an allocator of our own, and are named by 40-bit handles instead of pointers: a table slot then needs
// five bytes, and only this class can turn a handle into memory. It hands out spans that end where the slot ends.
//
//   handle = chunk (19 bits) | 8-byte granule inside the 16 MiB chunk (21 bits); 0 is null, because chunk 0 does not exist
//
//   slab chunk   256 pages of 64 KiB; a page holds slots of one size class, a free list threaded through its free slots and a live count
//   run chunk    values above 8 KiB: runs of 1 KiB units (RunMap), counted per 64 KiB page all the same
//   huge chunk   values above 4 MiB: a mapping of their own
//
// Bookkeeping is beside the pages, never in them, so that slots are cache-line aligned when their size is. An empty page is idle
// until TrimIdlePages gives it back to the system, which leaves some (hysteresis); an empty chunk is unmapped, except one. Pages are taken from the lowest chunk with room, which
// lets the upper ones drain.
//
// Huge pages are worth a fifth of every lookup in a big data set, but the first touch of one zeroes 2 MiB (0.2 ms; 5 ms in a virtual machine whose
// host has to find the memory). So a helper thread asks for them and touches them ahead of the allocations (PagesWanted, PreparePages); where the
// allocations come first, ordinary pages stay, whose first touch is cheap. Never in the first 64 MiB: a small data set stays small. And never while a snapshot is
// read: what is taken then goes for the most part when it ends, and a helper that zeroes for 5 ms in the kernel is one thread too many on two processors.
//
// Threads: one thread changes the arena. Another may read the slots of handles it was given (a snapshot) as long as ReleasePages is false, and one
// may call PreparePages.
internal sealed unsafe class Arena : IDisposable
{
    public const long ChunkBytes = 16 * 1024 * 1024;
    public const int MaxRunBytes = 4 * 1024 * 1024;
    public const ulong MaxHandle = (1UL << 40) - 1;
    public const int PagesPerChunk = 256;
    public const byte RunClass = 254;

    private const int ChunkShift = 21;
    private const int PageShift = 13;
    private const ulong GranuleMask = (1UL << ChunkShift) - 1;
    private const int PageGranuleMask = (1 << PageShift) - 1;
    private const byte HugeClass = 255;
    private const ushort LargeMark = ushort.MaxValue;
    private const ushort NoSlot = ushort.MaxValue;
    private const int IdlePagesMin = 32;

    // A block is a huge page.
    private const int SmallPagedChunks = 4;
    private const int PagesPerBlock = 32;
    public const long HugePageBytes = PagesPerBlock * SizeClasses.PageBytes;
    private const int BlocksAheadMax = 2;
    private const int PagesPerBlockAhead = 1024;
    private const int ChunksPerTrim = 64;
    private const long UnmapPart = 4 * 1024 * 1024;

    private nint[] _bases = new nint[8];
    private byte[] _pageClass = new byte[8 * PagesPerChunk];

    // What Slot needs of the class, so that it looks in one table and not in two: it is called forty times by a command.
    private ushort[] _slotBytes = new ushort[8 * PagesPerChunk];
    private bool[] _marked = new bool[8 * PagesPerChunk];
    private Chunk?[] _chunks = new Chunk?[8];
    private readonly Stack<int> _unusedChunks = new();
    private readonly Queue<(nint Start, long Bytes)> _unmapping = new();
    private readonly int[] _partial = new int[SizeClasses.Count];
    private readonly int[] _pagesOfClass = new int[SizeClasses.Count];
    private readonly long[] _liveOfClass = new long[SizeClasses.Count];
    private int _chunkEnd = 1;
    private int _firstSlabChunkWithRoom = 1;
    private int _firstRunChunkWithRoom = 1;
    private int _emptyChunks;
    private int _committedPages;
    private int _idlePages;
    private long _hugeBytes;
    private long _unmappingBytes;
    private readonly PageRequest _wanted = new();
    private int _trimChunk;

    /// <summary>Bytes taken from the system: pages in use or kept for reuse.</summary>
    public long CommittedBytes => ((long)_committedPages * SizeClasses.PageBytes) + _hugeBytes;

    /// <summary>Of these, the bytes of idle pages and of freed chunks and huge values, which TrimIdlePages may give back.</summary>
    public long IdleBytes => ((long)_idlePages * SizeClasses.PageBytes) + _unmappingBytes;

    /// <summary>Bytes of all slots handed out.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>False while another thread reads: no page goes back to the system.</summary>
    public bool ReleasePages { get; private set; } = true;

    /// <summary>Set by whoever will answer it by calling PreparePages on another thread soon; called by allocations, so it must be quick.</summary>
    public Action? PagesWanted { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Slot(ulong handle)
    {
        var bytes = _slotBytes[handle >> PageShift];
        return bytes != LargeMark ? new Span<byte>((void*)Address(handle), bytes) : LargeSlot(handle);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<Bucket> Lines(ulong handle)
    {
        var bytes = _slotBytes[handle >> PageShift];
        Debug.Assert(bytes != LargeMark && handle != 0);
        return new Span<Bucket>((void*)Address(handle), bytes / 64);
    }

    /// <summary>One line of a slot of lines: a line is eight granules.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Bucket Line(ulong handle, int index)
    {
        Debug.Assert(handle != 0 && index < Lines(handle).Length);
        return ref *((Bucket*)Address(handle) + index);
    }

    /// <summary>One word of a slot of any size: a word is a granule. Reading it so costs no search for the slot's size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Word(ulong handle, int index)
    {
        Debug.Assert(index < Words(handle).Length);
        return *((ulong*)Address(handle) + index);
    }

    public Span<ulong> Words(ulong handle)
    {
        var slot = Slot(handle);
        return new Span<ulong>(Unsafe.AsPointer(ref slot[0]), slot.Length / 8);
    }

    public int Capacity(ulong handle) => Slot(handle).Length;

    /// <summary>What Alloc would reserve for so many bytes.</summary>
    public static int CapacityFor(int bytes)
    {
        if (bytes <= SizeClasses.MaxSlotBytes) return SizeClasses.Bytes[SizeClasses.Of(bytes)];
        return bytes <= MaxRunBytes ? (bytes + RunMap.UnitBytes - 1) / RunMap.UnitBytes * RunMap.UnitBytes : (int)HugeBytesFor(bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(ulong handle, int offset = 0)
    {
        if (Sse.IsSupported) Sse.Prefetch0((void*)(Address(handle) + offset));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint Address(ulong handle) => _bases[handle >> ChunkShift] + (nint)((handle & GranuleMask) << 3);

    public ulong Alloc(int bytes)
    {
        if (bytes > SizeClasses.MaxSlotBytes) return AllocLarge(bytes);

        var sizeClass = SizeClasses.Of(bytes);
        var pageId = _partial[sizeClass];
        if (pageId == 0) pageId = OpenPage(sizeClass);
        ref var page = ref PageAt(pageId);
        var handle = (ulong)pageId << PageShift;
        if (page.FreeHead != NoSlot)
        {
            handle |= page.FreeHead;
            page.FreeHead = *(ushort*)Address(handle);
        }
        else
        {
            handle |= page.Bump;
            page.Bump += (ushort)(SizeClasses.Bytes[sizeClass] >> 3);
        }
        page.Live++;
        if (page.Live == SizeClasses.SlotsPerPage(sizeClass)) Unlink(sizeClass, ref page);
        _liveOfClass[sizeClass]++;
        LiveBytes += SizeClasses.Bytes[sizeClass];
        return handle;
    }

    public void Free(ulong handle)
    {
        var pageId = (int)(handle >> PageShift);
        var sizeClass = _pageClass[pageId];
        if (sizeClass >= RunClass)
        {
            FreeLarge(handle, sizeClass);
            return;
        }
        if (sizeClass == 0) throw new InvalidOperationException("A slot was freed twice.");

        ref var page = ref PageAt(pageId);
        *(ushort*)Address(handle) = page.FreeHead;
        page.FreeHead = (ushort)(handle & PageGranuleMask);
        var wasFull = page.Live == SizeClasses.SlotsPerPage(sizeClass);
        page.Live--;
        _liveOfClass[sizeClass]--;
        LiveBytes -= SizeClasses.Bytes[sizeClass];
        if (page.Live == 0) ClosePage(pageId, sizeClass, ref page, linked: !wasFull && !_marked[pageId]);
        else if (wasFull && !_marked[pageId]) Link(sizeClass, pageId, ref page);
    }

    public void Dispose()
    {
        while (UnmapSome())
        {
        }
        for (var chunk = 1; chunk < _chunkEnd; chunk++)
        {
            if (_chunks[chunk] is { } meta) OsMemory.Unmap(_bases[chunk], meta.Bytes);
        }
        // Every later use of a handle is an index error, never a read of foreign memory.
        _bases = [];
        _pageClass = [];
        _slotBytes = [];
        _chunks = [];
        _chunkEnd = 0;
    }

    private void SetClass(int pageId, byte sizeClass)
    {
        _pageClass[pageId] = sizeClass;
        _slotBytes[pageId] = sizeClass < RunClass ? (ushort)SizeClasses.Bytes[sizeClass] : LargeMark;
    }

    private ref Page PageAt(int pageId) => ref _chunks[pageId / PagesPerChunk]!.Pages![pageId % PagesPerChunk];

    private void Link(int sizeClass, int pageId, ref Page page)
    {
        var head = _partial[sizeClass];
        page.Previous = 0;
        page.Next = head;
        if (head != 0) PageAt(head).Previous = pageId;
        _partial[sizeClass] = pageId;
    }

    private void Unlink(int sizeClass, ref Page page)
    {
        if (page.Previous != 0) PageAt(page.Previous).Next = page.Next;
        else _partial[sizeClass] = page.Next;
        if (page.Next != 0) PageAt(page.Next).Previous = page.Previous;
        page.Next = page.Previous = 0;
    }

    private int OpenPage(int sizeClass)
    {
        while (_firstSlabChunkWithRoom < _chunkEnd && !HasFreePages(_firstSlabChunkWithRoom)) _firstSlabChunkWithRoom++;
        var chunk = _firstSlabChunkWithRoom;
        var index = -1;
        while (chunk < _chunkEnd && (!HasFreePages(chunk) || (index = ChooseFreePage(chunk)) < 0)) chunk++;
        if (index < 0)
        {
            chunk = AddChunk(new Chunk(ChunkBytes, new Page[PagesPerChunk], null));
            index = 0;
        }
        var pageId = (chunk * PagesPerChunk) + index;
        TakePage(chunk, pageId);
        SetClass(pageId, (byte)sizeClass);
        _pagesOfClass[sizeClass]++;
        ref var page = ref PageAt(pageId);
        page = new Page { FreeHead = NoSlot };
        Link(sizeClass, pageId, ref page);
        return pageId;
    }

    private bool HasFreePages(int chunk) => _chunks[chunk] is { Runs: null, Pages: not null, FreePages: > 0 };

    /// <summary>
    /// The lowest free page, preferring one that still has its memory; -1 when all that are left lie in the huge page that the helper is just about to touch: who comes
    /// second to a huge page waits for it just as long (5 ms where the host must find the memory).
    /// </summary>
    private int ChooseFreePage(int chunk)
    {
        var meta = _chunks[chunk]!;
        for (var word = 0; word < 4; word++)
        {
            var idle = meta.Free[word] & meta.Committed[word];
            if (idle != 0) return (word * 64) + BitOperations.TrailingZeroCount(idle);
        }
        var block = (nuint)(_wanted.HugePage - _bases[chunk]);
        var (avoidedWord, avoided) = block < (nuint)ChunkBytes ? BlockMask((int)((long)block / HugePageBytes)) : (0, 0UL);
        for (var word = 0; word < 4; word++)
        {
            var free = meta.Free[word] & ~(word == avoidedWord ? avoided : 0);
            if (free != 0) return (word * 64) + BitOperations.TrailingZeroCount(free);
        }
        return -1;
    }

    /// <summary>The pages of a huge page among a chunk's: which word, and its bits.</summary>
    private static (int Word, ulong Bits) BlockMask(int block) =>
        (block * PagesPerBlock / 64, ((1UL << PagesPerBlock) - 1) << (block * PagesPerBlock % 64));

    private void ClosePage(int pageId, int sizeClass, ref Page page, bool linked)
    {
        if (linked) Unlink(sizeClass, ref page);
        SetClass(pageId, 0);
        _pagesOfClass[sizeClass]--;
        _marked[pageId] = false;
        GivePage(pageId);
    }

    private void TakePage(int chunk, int pageId)
    {
        var meta = _chunks[chunk]!;
        var index = pageId % PagesPerChunk;
        var bit = 1UL << (index & 63);
        if (meta.FreePages == PagesPerChunk) _emptyChunks--;
        meta.Free[index >> 6] &= ~bit;
        meta.FreePages--;
        if ((meta.Committed[index >> 6] & bit) != 0)
        {
            _idlePages--;
            return;
        }
        meta.Committed[index >> 6] |= bit;
        _committedPages++;
        if (meta.Runs is null && PagesWanted is not null && ReleasePages) LookAhead(chunk, meta, index / PagesPerBlock);
    }

    /// <summary>Asks for the huge pages after the one in use, and for a chunk after this one.</summary>
    private void LookAhead(int chunk, Chunk meta, int block)
    {
        if (_wanted.IsOpen) return;
        const int blocks = PagesPerChunk / PagesPerBlock;
        var next = meta.HugePages ? Math.Max(meta.PreparedBlocks, block + 1) : blocks;
        // A small heap should not look big for memory that it has only been promised.
        if (next > block + Math.Clamp(_committedPages / PagesPerBlockAhead, 1, BlocksAheadMax)) return;
        if (next == blocks)
        {
            if (_emptyChunks > 0) return;
            chunk = AddChunk(new Chunk(ChunkBytes, new Page[PagesPerChunk], null));
            meta = _chunks[chunk]!;
            next = 0;
            if (!meta.HugePages) return;
        }
        meta.PreparedBlocks = next + 1;
        _wanted.Ask(_bases[chunk] + ((nint)next * (nint)HugePageBytes));
        PagesWanted!();
    }

    /// <summary>Another thread is going to read what there is now.</summary>
    public void BeginReading() => ReleasePages = false;

    public void EndReading() => ReleasePages = true;

    /// <summary>Touches the memory that allocations will want next. The only method for another thread; PagesWanted calls for it.</summary>
    public void PreparePages() => _wanted.Serve();

    private bool CanRemove(int chunk) => !_wanted.LiesIn(_bases[chunk], ChunkBytes);

    private void GivePage(int pageId)
    {
        var chunk = pageId / PagesPerChunk;
        var meta = _chunks[chunk]!;
        var index = pageId % PagesPerChunk;
        meta.Free[index >> 6] |= 1UL << (index & 63);
        meta.FreePages++;
        _idlePages++;
        if (meta.Runs is null) _firstSlabChunkWithRoom = Math.Min(_firstSlabChunkWithRoom, chunk);
        if (meta.FreePages == PagesPerChunk) _emptyChunks++;
    }

    private int IdlePagesMax => Math.Max(IdlePagesMin, _committedPages / 64);

    private void DecommitPage(int chunk, Chunk meta, int index)
    {
        if (!OsMemory.CanDecommit) return;
        if (meta.HugePages)
        {
            // Else the kernel would quietly fill the hole again when it collapses the range into a huge page.
            OsMemory.AdviseHuge(_bases[chunk], ChunkBytes, wanted: false);
            meta.HugePages = false;
        }
        OsMemory.Decommit(_bases[chunk] + ((nint)index * SizeClasses.PageBytes), SizeClasses.PageBytes);
        meta.Committed[index >> 6] &= ~(1UL << (index & 63));
        _committedPages--;
        _idlePages--;
    }

    /// <summary>
    /// Gives back some of the idle pages above the hysteresis; true while more are left. Freeing only makes pages idle, because a system call for each
    /// would make a mass deletion stall.
    /// </summary>
    public bool TrimIdlePages(int maxPages)
    {
        if (UnmapSome()) return true;
        for (var visits = 0; visits < ChunksPerTrim && ReleasePages && _idlePages > IdlePagesMax; visits++)
        {
            _trimChunk = _trimChunk > 1 && _trimChunk <= _chunkEnd ? _trimChunk - 1 : _chunkEnd - 1;
            if (_chunks[_trimChunk] is not { Pages: not null } meta) continue;
            if (meta.FreePages == PagesPerChunk && _emptyChunks > 1 && CanRemove(_trimChunk))
            {
                RemoveChunk(_trimChunk);
                return true;
            }
            if (!OsMemory.CanDecommit || !CanRemove(_trimChunk)) continue;     // the helper asks for a huge page in there, where from then on none is wanted
            for (var word = 3; word >= 0; word--)
            {
                for (ulong idle; (idle = meta.Free[word] & meta.Committed[word]) != 0 && _idlePages > IdlePagesMax;)
                {
                    if (maxPages-- == 0)
                    {
                        _trimChunk++;
                        return true;
                    }
                    DecommitPage(_trimChunk, meta, (word * 64) + 63 - BitOperations.LeadingZeroCount(idle));
                }
            }
        }
        return ReleasePages && OsMemory.CanDecommit && _idlePages > IdlePagesMax;
    }

    /// <summary>Unmaps a part of a freed chunk or huge value; false when there is none. Allowed beside a reader: nobody knows the memory any more.</summary>
    public bool UnmapSome()
    {
        if (!_unmapping.TryDequeue(out var block)) return false;
        var part = OsMemory.CanDecommit ? Math.Min(block.Bytes, UnmapPart) : block.Bytes;
        OsMemory.Unmap(block.Start + (nint)(block.Bytes - part), part);
        _hugeBytes -= part;
        _unmappingBytes -= part;
        if (part < block.Bytes) _unmapping.Enqueue((block.Start, block.Bytes - part));
        return true;
    }

    private int AddChunk(Chunk meta)
    {
        if (!_unusedChunks.TryPop(out var chunk)) chunk = _chunkEnd++;
        if (chunk == _bases.Length)
        {
            // A reader on another thread keeps the old arrays, which stay right for the handles it holds.
            Array.Resize(ref _bases, chunk * 2);
            Array.Resize(ref _pageClass, chunk * 2 * PagesPerChunk);
            Array.Resize(ref _slotBytes, chunk * 2 * PagesPerChunk);
            Array.Resize(ref _marked, chunk * 2 * PagesPerChunk);
            Array.Resize(ref _chunks, chunk * 2);
        }
        _bases[chunk] = OsMemory.Map(meta.Bytes);
        _chunks[chunk] = meta;
        if (meta.Pages is null) return chunk;

        _emptyChunks++;
        meta.HugePages = chunk > SmallPagedChunks && meta.Runs is null && PagesWanted is not null;
        // Else a system that gives huge pages to everybody would do so when the owner touches a page, who does not want to wait for one.
        OsMemory.AdviseHuge(_bases[chunk], meta.Bytes, wanted: false);
        return chunk;
    }

    private void RemoveChunk(int chunk)
    {
        var meta = _chunks[chunk]!;
        var committed = 0;
        foreach (var word in meta.Committed) committed += BitOperations.PopCount(word);
        _committedPages -= committed;
        _idlePages -= committed;
        _emptyChunks--;
        QueueUnmapping(_bases[chunk], meta.Bytes);          // in parts: all at once took 2 ms
        _hugeBytes += meta.Bytes;
        ForgetChunk(chunk);
    }

    private void QueueUnmapping(nint start, long bytes)
    {
        _unmapping.Enqueue((start, bytes));
        _unmappingBytes += bytes;
    }

    private void ForgetChunk(int chunk)
    {
        _chunks[chunk] = null;
        _bases[chunk] = 0;
        Array.Clear(_pageClass, chunk * PagesPerChunk, PagesPerChunk);
        Array.Clear(_slotBytes, chunk * PagesPerChunk, PagesPerChunk);
        Array.Clear(_marked, chunk * PagesPerChunk, PagesPerChunk);
        _unusedChunks.Push(chunk);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Span<byte> LargeSlot(ulong handle)
    {
        var chunk = _chunks[handle >> ChunkShift]!;
        var bytes = _pageClass[handle >> PageShift] == HugeClass ? (int)chunk.Bytes : chunk.Runs!.LengthAt(UnitOf(handle)) * RunMap.UnitBytes;
        return new Span<byte>((void*)Address(handle), bytes);
    }

    private static int UnitOf(ulong handle) => (int)((handle & GranuleMask) << 3) / RunMap.UnitBytes;

    private static long HugeBytesFor(int bytes) => Math.Min(((long)bytes + 4095) & ~4095L, int.MaxValue & ~4095);

    private ulong AllocLarge(int bytes)
    {
        if (bytes > MaxRunBytes)
        {
            var size = HugeBytesFor(bytes);
            if (size < bytes) throw new OutOfMemoryException("A value of this size cannot be held.");
            var huge = AddChunk(new Chunk(size, null, null));
            SetClass(huge * PagesPerChunk, HugeClass);
            _hugeBytes += size;
            LiveBytes += size;
            return (ulong)huge << ChunkShift;
        }

        var units = (bytes + RunMap.UnitBytes - 1) / RunMap.UnitBytes;
        var chunk = _firstRunChunkWithRoom;
        var first = -1;
        for (; chunk < _chunkEnd; chunk++)
        {
            if (_chunks[chunk]?.Runs is not { } candidate || _marked[chunk * PagesPerChunk]) continue;
            first = candidate.Take(units);
            if (first >= 0) break;
        }
        if (first < 0)
        {
            chunk = AddChunk(new Chunk(ChunkBytes, new Page[PagesPerChunk], new RunMap()));
            first = _chunks[chunk]!.Runs!.Take(units);
        }
        while (_chunks[_firstRunChunkWithRoom]?.Runs is not { IsFull: false } && _firstRunChunkWithRoom < chunk) _firstRunChunkWithRoom++;

        CountRun(chunk, first, units, +1);
        LiveBytes += (long)units * RunMap.UnitBytes;
        return ((ulong)chunk << ChunkShift) | ((ulong)first * (RunMap.UnitBytes / 8));
    }

    private void FreeLarge(ulong handle, byte sizeClass)
    {
        var chunk = (int)(handle >> ChunkShift);
        var meta = _chunks[chunk]!;
        if (sizeClass == HugeClass)
        {
            LiveBytes -= meta.Bytes;
            QueueUnmapping(_bases[chunk], meta.Bytes);
            ForgetChunk(chunk);
            return;
        }
        var first = UnitOf(handle);
        var units = meta.Runs!.Give(first);
        LiveBytes -= (long)units * RunMap.UnitBytes;
        _firstRunChunkWithRoom = Math.Min(_firstRunChunkWithRoom, chunk);
        CountRun(chunk, first, units, -1);
    }

    /// <summary>Units in use per 64 KiB page decide whether the page is committed.</summary>
    private void CountRun(int chunk, int first, int units, int sign)
    {
        const int unitsPerPage = SizeClasses.PageBytes / RunMap.UnitBytes;
        var pages = _chunks[chunk]!.Pages!;
        for (var unit = first; unit < first + units;)
        {
            var index = unit / unitsPerPage;
            var part = Math.Min(first + units, (index + 1) * unitsPerPage) - unit;
            unit += part;
            var pageId = (chunk * PagesPerChunk) + index;
            if (sign > 0 && pages[index].Live == 0)
            {
                SetClass(pageId, RunClass);
                TakePage(chunk, pageId);
            }
            pages[index].Live += (ushort)(sign * part);
            if (pages[index].Live != 0) continue;
            SetClass(pageId, 0);
            GivePage(pageId);
        }
    }

    /// <summary>Whether the slot lies in a page that is to be emptied; see SparsePages.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsMarked(ulong handle) => _marked[handle >> PageShift];

    // ---- for SparsePages ----

    public int ChunkEnd => _chunkEnd;

    public Chunk? ChunkAt(int chunk) => _chunks[chunk];

    public int ClassOfPage(int pageId) => _pageClass[pageId];

    public long LiveOfClass(int sizeClass) => _liveOfClass[sizeClass];

    public int PagesOfClass(int sizeClass) => _pagesOfClass[sizeClass];

    public bool IsPageMarked(int pageId) => _marked[pageId];

    /// <summary>A marked page is not allocated from. Marking the first page of a run chunk closes the whole chunk.</summary>
    public void MarkPage(int pageId, bool marked)
    {
        if (_marked[pageId] == marked) return;
        _marked[pageId] = marked;
        var sizeClass = _pageClass[pageId];
        if (sizeClass is 0 or RunClass) return;
        ref var page = ref PageAt(pageId);
        if (page.Live == SizeClasses.SlotsPerPage(sizeClass)) return;
        if (marked) Unlink(sizeClass, ref page);
        else Link(sizeClass, pageId, ref page);
    }

    /// <summary>Whether the slot lies in a huge page that the helper has been asked for and has not touched yet; none should.</summary>
    public bool IsBeingTouched(ulong handle) => _wanted.HugePage != 0 && (nuint)(Address(handle) - _wanted.HugePage) < (nuint)HugePageBytes;

    /// <summary>Throws when the books do not balance; walks every page and free list.</summary>
    public void CheckInvariants()
    {
        var live = _hugeBytes - _unmappingBytes;
        int committed = 0, idle = 0, empty = 0;
        for (var chunk = 1; chunk < _chunkEnd; chunk++)
        {
            if (_chunks[chunk] is not { Pages: { } pages } meta) continue;
            if (meta.FreePages == PagesPerChunk) empty++;
            for (var word = 0; word < 4; word++)
            {
                committed += BitOperations.PopCount(meta.Committed[word]);
                idle += BitOperations.PopCount(meta.Committed[word] & meta.Free[word]);
            }
            if (meta.Runs is not null) live += meta.Runs.CheckInvariants();
            for (var index = 0; index < PagesPerChunk; index++) live += CheckPage((chunk * PagesPerChunk) + index, in pages[index], meta);
        }
        Require(live == LiveBytes, "live bytes");
        Require(committed == _committedPages && idle == _idlePages, "committed pages");
        Require(empty == _emptyChunks, "empty chunks");
        for (var sizeClass = 1; sizeClass < SizeClasses.Count; sizeClass++)
        {
            for (var id = _partial[sizeClass]; id != 0; id = PageAt(id).Next)
            {
                Require(_pageClass[id] == sizeClass && !_marked[id] && PageAt(id).Live < SizeClasses.SlotsPerPage(sizeClass), "partial list");
            }
        }
    }

    private long CheckPage(int pageId, in Page page, Chunk meta)
    {
        var sizeClass = _pageClass[pageId];
        var isFree = (meta.Free[pageId % PagesPerChunk >> 6] >> (pageId % PagesPerChunk & 63) & 1) != 0;
        Require(isFree == (sizeClass == 0), "free page");
        if (sizeClass is 0 or RunClass) return 0;
        var size = SizeClasses.Bytes[sizeClass];
        var free = 0;
        for (var granule = page.FreeHead; granule != NoSlot; granule = *(ushort*)Address(((ulong)pageId << PageShift) | granule))
        {
            Require((granule << 3) % size == 0 && granule < page.Bump, "free slot");
            free++;
        }
        Require((page.Bump << 3) / size == page.Live + free, "slots of a page");
        return (long)page.Live * size;
    }

    private static void Require(bool condition, string what)
    {
        if (!condition) throw new InvalidOperationException("Arena: wrong " + what + ".");
    }
}
