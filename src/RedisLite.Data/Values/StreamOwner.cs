using System.Runtime.InteropServices;
using RedisLite.Data.Tables;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>What groups hold, taken as a whole: listed, freed, copied.</summary>
internal static class StreamGroups
{
    public static List<byte[]> SortedKeys(Heap? heap, ref TableHeader table)
    {
        var names = new List<byte[]>((int)table.Count);
        if (heap is null) return names;
        var elements = new ElementTable(heap, ref table);
        foreach (var element in elements) names.Add(elements.Key(element).ToArray());
        names.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        return names;
    }

    /// <summary>Frees a tree now, minding a running snapshot.</summary>
    public static void Free(Heap heap, ref TreeRoot root)
    {
        var tree = IdTree.Open(heap, root);
        while (tree.Root.Node != 0)
        {
            tree.SeekLast();
            tree.RemoveLeaf();
        }
        root = tree.Root;
    }

    /// <summary>Frees what one group holds now, minding a running snapshot.</summary>
    public static void Free(Heap heap, ref GroupState group)
    {
        Free(heap, ref group.Pending);
        var consumers = new ElementTable(heap, ref group.Consumers);
        foreach (var name in SortedKeys(heap, ref group.Consumers))
        {
            consumers.TryGet(name, out var bytes);
            var consumer = MemoryMarshal.Read<ConsumerState>(bytes);
            Free(heap, ref consumer.Pending);
            consumers.Remove(name);
        }
        var numbers = new ElementTable(heap, ref group.Names);
        foreach (var number in SortedKeys(heap, ref group.Names)) numbers.Remove(number);
    }

    public static TableHeader CopyConsumers(Heap heap, TableHeader from)
    {
        var to = default(TableHeader);
        ElementTable source = new(heap, ref from), target = new(heap, ref to);
        Span<byte> bytes = stackalloc byte[ConsumerState.Bytes];
        foreach (var element in source)
        {
            var consumer = MemoryMarshal.Read<ConsumerState>(source.Value(element));
            consumer.Pending = WholeTree.Copy(heap, StreamId.KeyBytes, consumer.Pending);
            MemoryMarshal.Write(bytes, consumer);
            target.Set(source.Key(element), bytes);
        }
        return to;
    }

    public static TableHeader CopyTable(Heap heap, TableHeader from)
    {
        var to = default(TableHeader);
        ElementTable source = new(heap, ref from), target = new(heap, ref to);
        target.AddAll(source);
        return to;
    }

    public static long MemoryOf(Heap heap, GroupState group)
    {
        var consumers = new ElementTable(heap, ref group.Consumers);
        var bytes = WholeTree.MemoryOf(heap, StreamId.KeyBytes, group.Pending, samples: 0)
            + consumers.MemoryInUse(samples: 0) + new ElementTable(heap, ref group.Names).MemoryInUse(samples: 0);
        foreach (var element in consumers)
            bytes += WholeTree.MemoryOf(heap, StreamId.KeyBytes, MemoryMarshal.Read<ConsumerState>(consumers.Value(element)).Pending, samples: 0);
        return bytes;
    }
}

/// <summary>Frees, copies and measures what a stream holds: the tree of nodes, and the groups.</summary>
internal sealed class StreamOwner : IMemoryOwner
{
    public bool FreeSome(Heap heap, Span<byte> value, ref int budget)
    {
        ref var header = ref MemoryMarshal.AsRef<StreamHeader>(value);
        if (!WholeTree.FreeSome(heap, StreamId.KeyBytes, ref header.Entries, ref budget)) return false;

        var groups = new ElementTable(heap, ref header.Groups);
        Span<byte> bytes = stackalloc byte[GroupState.Bytes];
        foreach (var name in StreamGroups.SortedKeys(heap, ref header.Groups))
        {
            var element = groups.Find(name);
            var group = MemoryMarshal.Read<GroupState>(groups.Value(element));
            var isFree = WholeTree.FreeSome(heap, StreamId.KeyBytes, ref group.Pending, ref budget) && budget > 0;
            if (isFree)
            {
                budget -= (int)Math.Min(budget, group.Consumers.Count);
                StreamGroups.Free(heap, ref group);
                groups.Remove(name);
                continue;
            }
            MemoryMarshal.Write(bytes, group);
            groups.SetValue(element, bytes);
            return false;
        }
        return true;
    }

    public void Copy(Heap heap, ReadOnlySpan<byte> from, Span<byte> to)
    {
        var source = MemoryMarshal.Read<StreamHeader>(from);
        var copy = source;
        copy.Entries = WholeTree.Copy(heap, StreamId.KeyBytes, source.Entries);
        copy.Groups = default;
        ElementTable groups = new(heap, ref source.Groups), target = new(heap, ref copy.Groups);
        Span<byte> bytes = stackalloc byte[GroupState.Bytes];
        foreach (var element in groups)
        {
            var group = MemoryMarshal.Read<GroupState>(groups.Value(element));
            group.Pending = WholeTree.Copy(heap, StreamId.KeyBytes, group.Pending);
            group.Consumers = StreamGroups.CopyConsumers(heap, group.Consumers);
            group.Names = StreamGroups.CopyTable(heap, group.Names);
            MemoryMarshal.Write(bytes, group);
            target.Set(groups.Key(element), bytes);
        }
        MemoryMarshal.Write(to, copy);
    }

    public long MemoryOf(Heap heap, ReadOnlySpan<byte> value, int samples)
    {
        var header = MemoryMarshal.Read<StreamHeader>(value);
        var groups = new ElementTable(heap, ref header.Groups);
        var bytes = WholeTree.MemoryOf(heap, StreamId.KeyBytes, header.Entries, samples) + groups.MemoryInUse(samples: 0);
        foreach (var element in groups) bytes += StreamGroups.MemoryOf(heap, MemoryMarshal.Read<GroupState>(groups.Value(element)));
        return bytes;
    }

    /// <summary>The nodes of the stream; what groups hold is left where it is.</summary>
    public bool MoveSome(Heap heap, Span<byte> value, ref ulong cursor, ref int budget) =>
        WholeTree.MoveSome(heap, StreamId.KeyBytes, ref MemoryMarshal.AsRef<StreamHeader>(value).Entries, ref cursor, ref budget);
}
