using System.Buffers.Text;
using RedisLite.Data.Encodings;

namespace RedisLite.Data.Values;

/// <summary>A small sorted set in a listpack: member, score, member, score… ordered by score, then by the member's bytes.</summary>
internal static class ZSetBlob
{
    /// <summary>A score as Redis packs it: an integer when it is one (so -0 becomes 0), else its text, which the scratch must hold.</summary>
    public static PackedValue Pack(double score, Span<byte> scratch)
    {
        if (Math.Abs(score) <= long.MaxValue / 2 && score == (long)score) return new PackedValue((long)score);
        return new PackedValue(scratch[..NumberText.FormatDouble(score, scratch)], isEncodedText: true);
    }

    public static double Unpack(in PackedValue packed)
    {
        if (packed.IsInteger) return packed.Integer;
        var text = packed.AsText(default);
        if (!text.IsEmpty && text[^1] != 'f' && Utf8Parser.TryParse(text, out double plain, out var used) && used == text.Length) return plain;
        return NumberText.TryParseDouble(text, out var score) ? score : 0;
    }

    /// <summary>The score of the member at a position.</summary>
    public static double ScoreAt(ReadOnlySpan<byte> pack, int member) => Unpack(ListPack.Get(pack, ListPack.Next(pack, member)));

    public static long IndexOf(ReadOnlySpan<byte> pack, int member)
    {
        long index = 0;
        for (var at = ListPack.First; at < member; at = Skip(pack, at)) index++;
        return index;
    }

    public static long RankOfScore(ReadOnlySpan<byte> pack, double score, bool after)
    {
        long rank = 0;
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at); at = Skip(pack, at), rank++)
        {
            var other = ScoreAt(pack, at);
            if (other > score || (other == score && !after)) break;
        }
        return rank;
    }

    public static long RankOfLex(ReadOnlySpan<byte> pack, ReadOnlySpan<byte> member, bool after)
    {
        long rank = 0;
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        for (var at = ListPack.First; !ListPack.IsEnd(pack, at); at = Skip(pack, at), rank++)
        {
            var order = member.SequenceCompareTo(ListPack.Get(pack, at).AsText(scratch));
            if (order < 0 || (order == 0 && !after)) break;
        }
        return rank;
    }

    /// <summary>Inserts a member that is absent, in its place.</summary>
    public static void Insert(Entry entry, scoped in PackedValue packed, ReadOnlySpan<byte> member, double score)
    {
        var pack = entry.Value;
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        var at = ListPack.First;
        for (; !ListPack.IsEnd(pack, at); at = Skip(pack, at))
        {
            var other = ScoreAt(pack, at);
            if (other > score) break;
            if (other == score && ListPack.Get(pack, at).AsText(scratch).SequenceCompareTo(member) > 0) break;
        }

        Span<byte> scoreText = stackalloc byte[NumberText.DoubleTextMax];
        var packedScore = Pack(score, scoreText);
        var memberBytes = packed.PackedSize;
        var gap = PackedEdit.Splice(entry, at, 0, memberBytes + packedScore.PackedSize, 2);
        packed.WriteTo(gap);
        packedScore.WriteTo(gap[memberBytes..]);
    }

    private static int Skip(ReadOnlySpan<byte> pack, int at) => ListPack.Next(pack, ListPack.Next(pack, at));
}
