using System.Numerics;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

[System.Runtime.CompilerServices.InlineArray(StreamId.KeyBytes)]
internal struct RadixDepths
{
    private byte _first;
}

/// <summary>
/// Counts the nodes of the radix tree in which Redis keeps the nodes of a stream, from their IDs in order; XINFO tells. In such a tree each key ends in
/// a node, each branching is one, and so is each run of bytes without a branching. Branchings on the path to the last key stand on a stack; those that
/// the next key does not share are finished.
/// </summary>
internal struct RadixShape : ILeafKeyReader
{
    private RadixDepths _branches;
    private int _depth;
    private StreamId _last;
    private long _nodes;

    public long Keys { get; private set; }

    void ILeafKeyReader.Read(ReadOnlySpan<byte> key) => Add(StreamId.Read(key));

    public void Add(StreamId id)
    {
        if (Keys++ > 0)
        {
            var shared = SharedBytes(_last, id);
            Finish(StreamId.KeyBytes, Math.Max(Top, shared));
            while (Top > shared)
            {
                var branch = Top;
                _depth--;
                Finish(branch, Math.Max(Top, shared));
            }
            if (Top != shared) _branches[_depth++] = (byte)shared;
        }
        _last = id;
    }

    /// <summary>Nodes of the tree, its root included.</summary>
    public readonly long Nodes
    {
        get
        {
            if (Keys == 0) return 1;
            var rest = this;
            for (var at = StreamId.KeyBytes; ; at = rest._branches[--rest._depth])
            {
                rest.Finish(at, rest.Top);
                if (rest._depth == 0) return rest._nodes;
            }
        }
    }

    private readonly int Top => _depth == 0 ? -1 : _branches[_depth - 1];

    /// <summary>A node at a depth, and the run of bytes that leads to it from a branching, which takes one byte itself (-1: from the root).</summary>
    private void Finish(int depth, int from) => _nodes += depth > from + 1 ? 2 : 1;

    private static int SharedBytes(StreamId a, StreamId b)
    {
        var ms = BitOperations.LeadingZeroCount(a.Ms ^ b.Ms) / 8;
        return ms < 8 ? ms : 8 + (BitOperations.LeadingZeroCount(a.Seq ^ b.Seq) / 8);
    }
}
