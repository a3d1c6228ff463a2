using System.Buffers;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Members of several sorted sets with scores of their own: what ZINTER replies. A member is named by its source and its place there, so nothing is copied.
/// Ends with <see cref="Return"/>.
/// </summary>
internal ref struct ScoredPlaces
{
    private const int SourceShift = 48;
    private const int AtLeast = 64;

    private double[]? scores;
    private ulong[]? places;

    public int Count { get; private set; }

    public static int SourceOf(ulong item) => (int)(item >> SourceShift);

    public static ulong PlaceOf(ulong item) => item & ((1UL << SourceShift) - 1);

    public readonly int SourceAt(int i) => SourceOf(places![i]);

    public readonly ulong PlaceAt(int i) => PlaceOf(places![i]);

    public readonly double ScoreAt(int i) => scores![i];

    public void Add(int source, ulong place, double score)
    {
        if (scores is null || Count == scores.Length || Count == places!.Length) Grow();
        scores![Count] = score;
        places![Count++] = ((ulong)source << SourceShift) | place;
    }

    /// <summary>By score; where scores are equal (also 0 and -0, of which each keeps its sign) by the members' order.</summary>
    public readonly void Sort(Comparison<ulong> members)
    {
        var keys = scores.AsSpan(0, Count);
        var items = places.AsSpan(0, Count);
        if (IsAscending(keys)) return;
        keys.Sort(items);
        for (int start = 0, end; start < keys.Length; start = end)
        {
            for (end = start + 1; end < keys.Length && keys[end] == keys[start]; end++)
            {
            }

            if (end - start > 1) items[start..end].Sort(keys[start..end], members);
        }
    }

    public void Return()
    {
        if (scores is not null) ArrayPool<double>.Shared.Return(scores);
        if (places is not null) ArrayPool<ulong>.Shared.Return(places);
        this = default;
    }

    private static bool IsAscending(ReadOnlySpan<double> keys)
    {
        for (var i = 1; i < keys.Length; i++)
        {
            if (!(keys[i - 1] < keys[i])) return false;
        }

        return true;
    }

    private void Grow()
    {
        var size = Math.Max(AtLeast, Count * 2);
        var (moreScores, morePlaces) = (ArrayPool<double>.Shared.Rent(size), ArrayPool<ulong>.Shared.Rent(size));
        scores.AsSpan(0, Count).CopyTo(moreScores);
        places.AsSpan(0, Count).CopyTo(morePlaces);
        var count = Count;
        Return();
        (scores, places, Count) = (moreScores, morePlaces, count);
    }
}
