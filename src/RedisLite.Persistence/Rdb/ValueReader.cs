using System.Buffers.Binary;
using System.Runtime.InteropServices;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;

namespace RedisLite.Persistence.Rdb;

/// <summary>
/// Makes a key of a value in the RDB format: every encoding that any version wrote. Blobs of today's encodings are taken as they are once they have been
/// validated to the last byte (order and uniqueness too, where the type needs them); what is older or too big for this server's limits is added element by
/// element. A value that is broken leaves no key behind.
/// </summary>
internal sealed class ValueReader(Heap heap)
{
    /// <summary>A collection without elements, which Redis skips in files and refuses in RESTORE.</summary>
    public const string EmptyValue = "the collection is empty";

    private readonly HashSet<ulong> _seen = [];
    private byte[] _kept = new byte[256];
    private byte[] _keptValue = [];

    /// <summary>
    /// Look for repeated elements in blobs too, which cost the reader more than all else. Off for files, which carry a checksum: a repetition in a small hash
    /// or set is odd but harmless. Sorted sets are always looked at.
    /// </summary>
    public bool IsStrict { get; set; } = true;

    /// <summary>
    /// Reads the value behind a type byte into a key that must be absent. False: the value was an empty collection, and there is no key. Broken input throws
    /// <see cref="RdbException"/> and leaves no key.
    /// </summary>
    public bool Read(RdbInput input, byte type, Keyspace keyspace, ReadOnlySpan<byte> key, ulong hash, long expireAtMs, Entry entry, bool isValkey = false)
    {
        entry.Reset();
        var target = new Target(input, keyspace, key, hash, expireAtMs, entry);
        try
        {
            if (ReadInto(target, type, isValkey)) return true;
            if (entry.Exists) keyspace.Remove(entry);
            return false;
        }
        catch
        {
            if (entry.Exists) keyspace.Remove(entry);
            throw;
        }
    }

    private readonly ref struct Target(RdbInput input, Keyspace keyspace, ReadOnlySpan<byte> key, ulong hash, long expireAtMs, Entry entry)
    {
        private readonly ReadOnlySpan<byte> _key = key;

        public RdbInput Input { get; } = input;

        public Entry Entry { get; } = entry;

        public Span<byte> Insert(RecordKind kind, int length) => keyspace.Insert(_key, hash, kind, length, Entry, expireAtMs);

        public T Start<T>()
            where T : struct, IValue<T>
        {
            Insert(T.EmptyKind, T.EmptySize);
            var value = T.Over(Entry);
            value.Initialize();
            return value;
        }
    }

    private bool ReadInto(in Target target, byte type, bool isValkey)
    {
        switch (type)
        {
            case RdbFormat.TypeString: return ReadString(target);
            case RdbFormat.TypeList: return ReadList(target);
            case RdbFormat.TypeListZiplist: return AddZipList(target.Start<ListValue>(), target.Input);
            case RdbFormat.TypeListQuicklist: return ReadQuicklist(target);
            case RdbFormat.TypeListQuicklist2: return ReadQuicklist2(target);
            case RdbFormat.TypeSet: return ReadSet(target);
            case RdbFormat.TypeSetIntset: return ReadIntSet(target);
            case RdbFormat.TypeSetListpack: return ReadSetListpack(target);
            case RdbFormat.TypeZSet or RdbFormat.TypeZSet2: return ReadZSet(target, type);
            case RdbFormat.TypeZSetZiplist: return ReadZSetZiplist(target);
            case RdbFormat.TypeZSetListpack: return ReadZSetListpack(target);
            case RdbFormat.TypeHash: return ReadHash(target);
            case RdbFormat.TypeHashZipmap: return ReadHashZipmap(target);
            case RdbFormat.TypeHashZiplist: return ReadHashZiplist(target);
            case RdbFormat.TypeHashListpack: return ReadHashListpack(target);
            case RdbFormat.TypeHash2Valkey when isValkey: return ReadHashValkey(target);
            case RdbFormat.TypeHashMetadata or RdbFormat.TypeHashMetadataPreGa: return ReadHashMetadata(target, type);
            case RdbFormat.TypeHashListpackEx or RdbFormat.TypeHashListpackExPreGa: return ReadHashListpackEx(target, type);
            case RdbFormat.TypeModulePreGa or RdbFormat.TypeModule2: throw target.Input.Bad("the value belongs to a module, and modules are not supported");
            default:
                if (!StreamCodec.IsStream(type)) throw target.Input.Bad($"unknown value type {type}");
                StreamCodec.Read(target.Input, type, target.Start<StreamValue>());
                return true;
        }
    }

    // ---- strings ----

    private static bool ReadString(in Target target)
    {
        var input = target.Input;
        if (input.TryStringHead(out var length, out var integer))
        {
            if (length > NumberText.Int64TextMax)
            {
                input.Copy(target.Insert(RecordKind.String, length));
                return true;
            }
            PutText(target, input.PlainBytes(length));
        }
        else if (length < 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(target.Insert(RecordKind.Integer, 8), integer);
        }
        else
        {
            PutText(target, input.NumberOrExpanded(length, integer));
        }
        return true;
    }

    private static void PutText(in Target target, ReadOnlySpan<byte> text)
    {
        var kind = StringValue.KindFor(text, out var integer);
        var value = target.Insert(kind, StringValue.SizeFor(kind, text));
        if (kind == RecordKind.Integer) BinaryPrimitives.WriteInt64LittleEndian(value, integer);
        else text.CopyTo(value);
    }

    // ---- lists ----

    private static bool ReadList(in Target target)
    {
        var input = target.Input;
        var count = input.Count();
        if (count == 0) return false;
        var list = target.Start<ListValue>();
        for (; count > 0; count--) list.Push(ListEnd.Right, input.String());
        return true;
    }

    private static bool AddZipList(ListValue list, RdbInput input)
    {
        var walk = new ZipListWalk(input.String());
        while (walk.MoveNext()) list.Push(ListEnd.Right, walk.Current);
        if (walk.IsBroken) throw input.Bad("List ziplist integrity check failed");
        return list.Count > 0;
    }

    private static bool ReadQuicklist(in Target target)
    {
        var nodes = target.Input.Count();
        if (nodes == 0) return false;
        var list = target.Start<ListValue>();
        for (; nodes > 0; nodes--) AddZipList(list, target.Input);
        return list.Count > 0;
    }

    private bool ReadQuicklist2(in Target target)
    {
        var input = target.Input;
        var nodes = input.Count(bytesEach: 2);
        if (nodes == 0) return false;
        var limits = new ListLimits(heap.Limits.ListMaxListpackSize);
        for (var node = 0L; node < nodes; node++)
        {
            var container = input.Length();
            var bytes = input.String();
            if (container == RdbFormat.ContainerPlain)
            {
                if (bytes.Length == 0) throw input.Bad("a list's plain node is empty");
                if (!target.Entry.Exists) target.Start<ListValue>();
                ListValue.Over(target.Entry).Push(ListEnd.Right, bytes);
                continue;
            }
            if (container != RdbFormat.ContainerPacked) throw input.Bad($"unknown quicklist container {container}");
            if (!ListPack.Validate(bytes, out var count)) throw input.Bad("quicklist listpack integrity check failed");
            if (count == 0) continue;
            if (nodes == 1 && !limits.Exceeds(bytes.Length, count))
            {
                bytes.CopyTo(target.Insert(RecordKind.ListBlob, bytes.Length));
                return true;
            }
            if (!target.Entry.Exists) target.Start<ListValue>();
            ListValue.Over(target.Entry).AppendPack(bytes);
        }
        return target.Entry.Exists;
    }

    // ---- sets ----

    private bool ReadSet(in Target target)
    {
        var input = target.Input;
        var count = input.Count();
        if (count == 0) return false;
        var set = target.Start<SetValue>();
        var first = input.String();
        set.Start(first, count);
        set.Add(first);
        for (var i = 1L; i < count; i++)
        {
            if (!set.Add(input.String())) throw input.Bad("set integrity check failed: a member is there twice");
        }
        return true;
    }

    private bool ReadIntSet(in Target target)
    {
        var bytes = target.Input.String();
        if (bytes.Length >= IntSet.HeaderSize && IntSet.Count(bytes) == 0) return false;
        if (!IntSet.Validate(bytes)) throw target.Input.Bad("intset integrity check failed");
        bytes.CopyTo(target.Insert(RecordKind.SetInts, bytes.Length));
        if (IntSet.Count(bytes) > heap.Limits.SetMaxIntsetEntries) SetValue.Over(target.Entry).BecomeBig();
        return true;
    }

    private bool ReadSetListpack(in Target target)
    {
        var bytes = ValidPack(target.Input, step: 1, out var count);
        if (count == 0) return false;
        if (IsStrict) CheckUnique(target.Input, bytes, step: 1);
        bytes.CopyTo(target.Insert(RecordKind.SetBlob, bytes.Length));
        if (count > heap.Limits.SetMaxListpackEntries) SetValue.Over(target.Entry).BecomeBig();
        return true;
    }

    // ---- sorted sets ----

    private bool ReadZSet(in Target target, byte type)
    {
        var input = target.Input;
        var count = input.Count(bytesEach: 2);
        if (count == 0) return false;
        var zset = target.Start<ZSetValue>();
        zset.Expect(count);
        for (; count > 0; count--)
        {
            var member = Keep(input.String());
            Add(input, zset, member, type == RdbFormat.TypeZSet2 ? input.Double() : ReadTextScore(input));
        }
        return true;
    }

    private static void Add(RdbInput input, ZSetValue zset, ReadOnlySpan<byte> member, double score)
    {
        if (double.IsNaN(score)) throw input.Bad("a score is not a number");
        if (zset.Find(member) != 0) throw input.Bad("zset integrity check failed: a member is there twice");
        zset.Set(member, score);
    }

    /// <summary>Before 4.0 scores were text: a length byte, of which three values mean nan and the infinities.</summary>
    private static double ReadTextScore(RdbInput input)
    {
        var length = input.Byte();
        switch (length)
        {
            case 253: return double.NaN;
            case 254: return double.PositiveInfinity;
            case 255: return double.NegativeInfinity;
        }
        var text = input.Fixed(length);
        return NumberText.TryParseDouble(text, out var score) ? score : throw input.Bad("a score is not a number");
    }

    private bool ReadZSetZiplist(in Target target)
    {
        var input = target.Input;
        var zset = target.Start<ZSetValue>();
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var walk = new ZipListWalk(input.String());
        while (walk.MoveNext())
        {
            var member = Keep(walk.Current.AsText(scratch));
            if (!walk.MoveNext() || !TryScore(walk.Current, out var score)) throw input.Bad("Zset ziplist integrity check failed");
            Add(input, zset, member, score);
        }
        if (walk.IsBroken) throw input.Bad("Zset ziplist integrity check failed");
        return zset.Count > 0;
    }

    private static bool TryScore(in PackedValue packed, out double score)
    {
        score = packed.Integer;
        return packed.IsInteger || NumberText.TryParseDouble(packed.AsText(default), out score);
    }

    private bool ReadZSetListpack(in Target target)
    {
        var input = target.Input;
        var bytes = ValidPack(input, step: 2, out var count);
        if (count == 0) return false;
        CheckUnique(input, bytes, step: 2);
        if (IsOrdered(input, bytes))
        {
            bytes.CopyTo(target.Insert(RecordKind.ZSetBlob, bytes.Length));
            if (count / 2 > heap.Limits.ZSetMaxListpackEntries) ZSetValue.Over(target.Entry).BecomeBig();
            return true;
        }

        var zset = target.Start<ZSetValue>();
        zset.Expect(count / 2);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var at = ListPack.First; !ListPack.IsEnd(bytes, at);)
        {
            var member = ListPack.Read(bytes, ref at).AsText(scratch);
            TryScore(ListPack.Read(bytes, ref at), out var score);
            zset.Set(member, score);
        }
        return true;
    }

    private static bool IsOrdered(RdbInput input, ReadOnlySpan<byte> pack)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        Span<byte> scratchBefore = stackalloc byte[PackedValue.IntegerTextMax];
        var isOrdered = true;
        int at = ListPack.First, before = -1;
        var scoreBefore = double.NegativeInfinity;
        while (!ListPack.IsEnd(pack, at))
        {
            var memberAt = at;
            at = ListPack.Next(pack, at);
            if (!TryScore(ListPack.Read(pack, ref at), out var score) || double.IsNaN(score)) throw input.Bad("a sorted set's score is not a number");
            if (before >= 0)
            {
                isOrdered &= score > scoreBefore || (score == scoreBefore
                    && ListPack.Get(pack, before).AsText(scratchBefore).SequenceCompareTo(ListPack.Get(pack, memberAt).AsText(scratch)) < 0);
            }
            before = memberAt;
            scoreBefore = score;
        }
        return isOrdered;
    }

    // ---- hashes ----

    private bool ReadHash(in Target target)
    {
        var input = target.Input;
        var count = input.Count(bytesEach: 2);
        if (count == 0) return false;
        var hash = target.Start<HashValue>();
        hash.Expect((int)count);
        for (; count > 0; count--)
        {
            var field = Keep(input.String());
            if (!hash.Set(field, input.String())) throw input.Bad("hash integrity check failed: a field is there twice");
        }
        return true;
    }

    private static bool ReadHashZipmap(in Target target)
    {
        var hash = target.Start<HashValue>();
        var walk = new ZipMapWalk(target.Input.String());
        while (walk.MoveNext())
        {
            if (!hash.Set(walk.Key, walk.Value)) throw target.Input.Bad("hash integrity check failed: a field is there twice");
        }
        if (walk.IsBroken || hash.Count == 0) throw target.Input.Bad("Zipmap integrity check failed");
        return true;
    }

    private bool ReadHashZiplist(in Target target)
    {
        var input = target.Input;
        var hash = target.Start<HashValue>();
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var walk = new ZipListWalk(input.String());
        while (walk.MoveNext())
        {
            var field = Keep(walk.Current.AsText(scratch));
            if (!walk.MoveNext()) throw input.Bad("Hash ziplist integrity check failed");
            if (!hash.Set(field, walk.Current.AsText(scratch))) throw input.Bad("hash integrity check failed: a field is there twice");
        }
        if (walk.IsBroken) throw input.Bad("Hash ziplist integrity check failed");
        return hash.Count > 0;
    }

    private bool ReadHashListpack(in Target target)
    {
        var bytes = ValidPack(target.Input, step: 2, out var count);
        if (count == 0) return false;
        if (IsStrict) CheckUnique(target.Input, bytes, step: 2);
        bytes.CopyTo(target.Insert(RecordKind.HashBlob, bytes.Length));
        if (count / 2 > heap.Limits.HashMaxListpackEntries) HashValue.Over(target.Entry).BecomeBig();
        return true;
    }

    // Hashes whose fields may expire.

    private bool ReadHashMetadata(in Target target, byte type)
    {
        var input = target.Input;
        var earliest = type == RdbFormat.TypeHashMetadata ? input.Int64() : 0;
        var count = input.Count(bytesEach: 3);
        if (count == 0) return false;
        var table = new FieldTable(target);
        for (; count > 0; count--)
        {
            var ttl = input.Length();
            var expireAtMs = ttl == 0 ? -1 : type == RdbFormat.TypeHashMetadata ? (long)ttl + earliest - 1 : (long)ttl;
            var field = Keep(input.String());
            table.Add(field, input.String(), expireAtMs);
        }
        return table.Finish();
    }

    private bool ReadHashValkey(in Target target)
    {
        var input = target.Input;
        var count = input.Count(bytesEach: 10);
        if (count == 0) return false;
        var table = new FieldTable(target);
        for (; count > 0; count--)
        {
            var field = Keep(input.String());
            var value = Keep(input.String(), ref _keptValue);
            table.Add(field, value, input.Int64());
        }
        return table.Finish();
    }

    private bool ReadHashListpackEx(in Target target, byte type)
    {
        var input = target.Input;
        if (type == RdbFormat.TypeHashListpackEx) input.Int64();
        var bytes = ValidPack(input, step: 3, out var count);
        if (count == 0) return false;
        var table = new FieldTable(target);
        Span<byte> fieldScratch = stackalloc byte[PackedValue.IntegerTextMax];
        Span<byte> valueScratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var at = ListPack.First; !ListPack.IsEnd(bytes, at);)
        {
            var field = ListPack.Read(bytes, ref at).AsText(fieldScratch);
            var value = ListPack.Read(bytes, ref at).AsText(valueScratch);
            if (!ListPack.Read(bytes, ref at).TryGetInteger(out var expireAtMs)) throw input.Bad("a field's expiry is not a number");
            table.Add(field, value, expireAtMs == 0 ? -1 : expireAtMs);
        }
        return table.Finish();
    }

    private readonly ref struct FieldTable
    {
        private readonly Target _target;

        public FieldTable(Target target)
        {
            _target = target;
            target.Insert(RecordKind.HashTable, TableHeader.Bytes);
        }

        public void Add(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expireAtMs)
        {
            if (expireAtMs < -1) throw _target.Input.Bad("a field's expiry is negative");
            if (Math.Max(field.Length, value.Length) > _target.Entry.Heap.Limits.HashMaxListpackValue) _target.Entry.Big = true;
            if (!ElementTable.Writable(_target.Entry.Heap, _target.Entry.MutableValue()).Set(field, value, expireAtMs))
                throw _target.Input.Bad("hash integrity check failed: a field is there twice");
        }

        public bool Finish()
        {
            HashValue.Over(_target.Entry).SettleTable();
            return true;
        }
    }

    // ---- blobs from outside ----

    private static ReadOnlySpan<byte> ValidPack(RdbInput input, int step, out int count)
    {
        var bytes = input.String();
        if (!ListPack.Validate(bytes, out count) || count % step != 0) throw input.Bad("listpack integrity check failed");
        return bytes;
    }

    private void CheckUnique(RdbInput input, ReadOnlySpan<byte> pack, int step)
    {
        _seen.Clear();
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at);)
        {
            // Keyed hashes of 64 bits: two different members with the same one do not happen, and nobody outside knows the key.
            if (!_seen.Add(heap.Hash(ListPack.Get(pack, at).AsText(scratch)))) throw input.Bad("listpack integrity check failed: an element is there twice");
            for (var i = 0; i < step; i++) at = ListPack.Next(pack, at);
        }
    }

    private ReadOnlySpan<byte> Keep(ReadOnlySpan<byte> text) => Keep(text, ref _kept);

    private static ReadOnlySpan<byte> Keep(ReadOnlySpan<byte> text, ref byte[] buffer)
    {
        if (buffer.Length < text.Length) buffer = new byte[Math.Max(text.Length, buffer.Length * 2)];
        else if (buffer.Length > 1 << 20 && text.Length < 1 << 16) buffer = new byte[1 << 16];
        text.CopyTo(buffer);
        return buffer.AsSpan(0, text.Length);
    }
}
