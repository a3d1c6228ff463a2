namespace RedisLite.Data;

/// <summary>
/// Redis's glob: <c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[^a]</c>, <c>\x</c>. No recursion: when the text fails to match, only the latest star has to be
/// tried one byte further (whatever earlier stars could do, it can do too), which bounds the work by pattern × text; a step budget
/// bounds it again, because both may be megabytes. A pattern that spends the budget does not match.
///
/// Quirks kept on purpose: a text of no bytes matches only a pattern of no bytes (not <c>*</c>); an escape inside brackets compares
/// case exactly even when case is ignored; a bracket without its end takes the rest of the pattern.
/// </summary>
internal static class Glob
{
    /// <summary>About a tenth of a second at worst; ordinary patterns take a few steps per byte of text.</summary>
    public const int StepsMax = 64 * 1024 * 1024;

    /// <summary>Redis recurses at a star, and gives up beyond this depth: more stars than these (but for one at the end) match nothing.</summary>
    public const int StarsMax = 1000;

    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool ignoreCase = false)
    {
        int p = 0, t = 0, starPattern = -1, starText = 0, stars = 0;
        if (text.IsEmpty) return pattern.IsEmpty;

        for (var steps = StepsMax; t < text.Length && steps > 0; steps--)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                while (p < pattern.Length && pattern[p] == '*') p++;
                if (p == pattern.Length) return true;
                if (++stars > StarsMax) return false;
                starPattern = p;
                starText = t;
                continue;
            }

            var start = p;
            if (p < pattern.Length && MatchOne(pattern, ref p, text[t], ignoreCase))
            {
                steps -= p - start >> 3;                                   // a long bracket costs what it takes to read
                t++;
                continue;
            }

            if (starPattern < 0) return false;
            steps -= p - start >> 3;
            p = starPattern;
            t = ++starText;
        }

        if (t < text.Length) return false;
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    /// <summary>Compares one byte with the pattern's next element and moves past that element.</summary>
    private static bool MatchOne(ReadOnlySpan<byte> pattern, ref int p, byte c, bool ignoreCase)
    {
        switch (pattern[p])
        {
            case (byte)'?':
                p++;
                return true;
            case (byte)'[':
                return MatchBracket(pattern, ref p, c, ignoreCase);
            case (byte)'\\' when p + 1 < pattern.Length:
                p++;
                break;
        }
        return Same(pattern[p++], c, ignoreCase);
    }

    private static bool MatchBracket(ReadOnlySpan<byte> pattern, ref int p, byte c, bool ignoreCase)
    {
        p++;
        var negated = p < pattern.Length && pattern[p] == '^';
        if (negated) p++;

        var match = false;
        for (; p < pattern.Length && pattern[p] != ']'; p++)
        {
            if (pattern[p] == '\\' && p + 1 < pattern.Length)
            {
                p++;
                match |= pattern[p] == c;
            }
            else if (p + 2 < pattern.Length && pattern[p + 1] == '-')
            {
                byte low = pattern[p], high = pattern[p + 2], wanted = c;
                if (low > high) (low, high) = (high, low);
                if (ignoreCase) (low, high, wanted) = (Lower(low), Lower(high), Lower(wanted));
                match |= wanted >= low && wanted <= high;
                p += 2;
            }
            else
            {
                match |= Same(pattern[p], c, ignoreCase);
            }
        }
        if (p < pattern.Length) p++;                                       // the closing bracket
        return match != negated;
    }

    private static bool Same(byte a, byte b, bool ignoreCase) => a == b || ignoreCase && Lower(a) == Lower(b);

    private static byte Lower(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
}
