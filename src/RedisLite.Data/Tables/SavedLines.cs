using System.Runtime.InteropServices;
using RedisLite.Data.Memory;

namespace RedisLite.Data.Tables;

// How a table changes while another thread reads it as it was: save before change, one cache line at a time.
//
// The owner changes the lines of a frozen segment in place. Before the first change of a line it puts a copy into a list that hangs on the segment:
//
//   SegmentHeader.Saved ──> link │ line ──> link │ line ──> 0        a link is the next handle and the number of the bucket
//
// The reader copies the line first and asks for the list afterwards. If the line is not there, no change had begun when the copy was made: it is whole and old.
// If it is there, the copy may be torn, and the saved line is taken. The owner publishes a saved line before it changes the line, so neither ever waits; the barriers
// on both sides keep processors from turning the order round. A bit a line tells the reader that it need not search the list.
//
// A list is good while SavedEpoch is the heap's; so nothing is tidied when a snapshot ends, and the saved lines are freed with all else that it needed.
// The bits "new" of a line hold from its first change on: saving clears them.
//
// Rejected: copying the segment at its first change. Of 10 M keys under 100,000 random writes a second nearly every write of the first second copied 4 KB, all of
// it into fresh memory, whose first touch alone (1.5 us) cost the loop, or a helper beside it on two processors, more than everything else.
internal static class SavedLines
{
    /// <summary>Before a line of a segment that a running snapshot holds is changed. A second time it does nothing.</summary>
    public static void Save(Heap heap, ulong segment, int bucket)
    {
        var lines = heap.Arena.Lines(segment);
        ref var header = ref new Segment(lines).Header;
        if (header.HasSaved(bucket, heap.Epoch)) return;

        var handle = heap.Arena.Alloc(SavedLine.Bytes);
        ref var saved = ref At(heap, handle);
        saved.Line = lines[bucket + 1];
        saved.Link = SavedLine.MakeLink(header.SavedEpoch == heap.Epoch ? header.Saved : 0, bucket);
        header.MarkSaved(handle, bucket, heap.Epoch);
        Volatile.WriteBarrier();                        // what follows changes the line
        lines[bucket + 1].ClearNew();
        heap.FreeAfterSnapshot(handle);
    }

    /// <summary>The line as it was when the snapshot began; for the reader's thread.</summary>
    public static void Read(Heap heap, ulong segment, int bucket, out Bucket line)
    {
        var lines = heap.Arena.Lines(segment);
        ref var header = ref new Segment(lines).Header;
        line = lines[bucket + 1];
        Volatile.ReadBarrier();
        if (!header.HasSaved(bucket, heap.Epoch)) return;
        for (var handle = Volatile.Read(ref header.Saved); handle != 0;)
        {
            ref var saved = ref At(heap, handle);
            if (saved.Bucket == bucket)
            {
                line = saved.Line;
                return;
            }
            handle = saved.Next;
        }
    }

    private static ref SavedLine At(Heap heap, ulong handle) => ref MemoryMarshal.AsRef<SavedLine>(heap.Arena.Slot(handle));
}

[StructLayout(LayoutKind.Sequential, Size = Bytes)]
internal struct SavedLine
{
    public const int Bytes = 72;

    private const int BucketShift = 40;

    public ulong Link;
    public Bucket Line;

    public readonly ulong Next => Link & DirectoryEntry.HandleMask;

    public readonly int Bucket => (int)(Link >> BucketShift);

    public static ulong MakeLink(ulong next, int bucket) => next | (ulong)bucket << BucketShift;
}
