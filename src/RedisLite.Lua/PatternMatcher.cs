namespace RedisLite.Lua;

// Lua patterns by backtracking. Two bounds make it safe for any pattern: nested items recurse at most Limits.PatternDepth deep, and
// every step is counted, so that an exponential pattern meets the interrupt of the host and then the step limit.
internal ref struct PatternMatcher
{
    private const byte Escape = (byte)'%';
    private const int PositionCapture = -2, OpenCapture = -1;

    internal readonly ReadOnlySpan<byte> Subject;
    private readonly ReadOnlySpan<byte> _pattern;
    private readonly LuaCall _call;
    private readonly Span<(int Start, int Length)> _captures;
    private long _steps;       // of this match
    private int _unspent;      // of all matches with this matcher
    private int _depth;

    internal int CaptureCount { get; private set; }

    internal PatternMatcher(LuaCall call, ReadOnlySpan<byte> subject, ReadOnlySpan<byte> pattern, Span<(int Start, int Length)> captures)
    {
        _call = call;
        Subject = subject;
        _pattern = pattern;
        _captures = captures;
    }

    /// <summary>The end of a match of the pattern at exactly this place, or -1.</summary>
    internal int Match(int start)
    {
        CaptureCount = 0;
        _steps = 0;
        _depth = 0;
        return Match(start, 0);
    }

    /// <summary>Pushes a capture: a substring, a position, or the whole match when the pattern has none.</summary>
    internal readonly LuaValue Capture(int index, int start, int end)
    {
        if (index >= CaptureCount)
        {
            if (index != 0) throw _call.Error("invalid capture index");
            return _call.Runtime.NewString(Subject[start..end]);
        }
        var (from, length) = _captures[index];
        if (length == OpenCapture) throw _call.Error("unfinished capture");
        if (length == PositionCapture) return from + 1;
        return _call.Runtime.NewString(Subject.Slice(from, length));
    }

    private void Step()
    {
        _steps++;
        if ((++_unspent & 1023) != 0) return;
        _call.Runtime.Spend(100);
        var limit = _call.Runtime.Limits.PatternSteps;
        if (limit > 0 && _steps > limit) throw _call.Error("pattern too complex");
    }

    private int Match(int s, int p)
    {
        if (++_depth > Limits.PatternDepth) throw _call.Error("pattern too complex");
        var result = MatchHere(s, p);
        _depth--;
        return result;
    }

    private int MatchHere(int s, int p)
    {
        while (true)
        {
            Step();
            if (p == _pattern.Length) return s;
            switch (_pattern[p])
            {
                case (byte)'(':
                    return p + 1 < _pattern.Length && _pattern[p + 1] == ')' ? StartCapture(s, p + 2, PositionCapture) : StartCapture(s, p + 1, OpenCapture);
                case (byte)')':
                    return EndCapture(s, p + 1);
                case (byte)'$' when p + 1 == _pattern.Length:
                    return s == Subject.Length ? s : -1;
                case Escape when p + 1 < _pattern.Length && _pattern[p + 1] == 'b':
                    s = MatchBalance(s, p + 2);
                    if (s < 0) return -1;
                    p += 4;
                    continue;
                case Escape when p + 1 < _pattern.Length && _pattern[p + 1] == 'f':
                    p += 2;
                    if (p >= _pattern.Length || _pattern[p] != '[') throw _call.Error("missing '[' after '%f' in pattern");
                    var setEnd = ClassEnd(p);
                    var previous = s == 0 ? (byte)0 : Subject[s - 1];
                    var next = s < Subject.Length ? Subject[s] : (byte)0;
                    if (MatchesSet(previous, p, setEnd - 1) || !MatchesSet(next, p, setEnd - 1)) return -1;
                    p = setEnd;
                    continue;
                case Escape when p + 1 < _pattern.Length && _pattern[p + 1] is >= (byte)'0' and <= (byte)'9':
                    s = MatchBackReference(s, _pattern[p + 1]);
                    if (s < 0) return -1;
                    p += 2;
                    continue;
            }
            var end = ClassEnd(p);
            var suffix = end < _pattern.Length ? _pattern[end] : (byte)0;
            switch (suffix)
            {
                case (byte)'?':
                    if (MatchesOne(s, p, end) && Match(s + 1, end + 1) is var taken and >= 0) return taken;
                    p = end + 1;
                    continue;
                case (byte)'*': return MaxExpand(s, p, end);
                case (byte)'+': return MatchesOne(s, p, end) ? MaxExpand(s + 1, p, end) : -1;
                case (byte)'-': return MinExpand(s, p, end);
            }
            if (!MatchesOne(s, p, end)) return -1;
            s++;
            p = end;
        }
    }

    private int MaxExpand(int s, int p, int end)
    {
        var count = 0;
        while (MatchesOne(s + count, p, end))
        {
            count++;
            Step();
        }
        for (; count >= 0; count--)
        {
            var result = Match(s + count, end + 1);
            if (result >= 0) return result;
        }
        return -1;
    }

    private int MinExpand(int s, int p, int end)
    {
        while (true)
        {
            var result = Match(s, end + 1);
            if (result >= 0) return result;
            if (!MatchesOne(s, p, end)) return -1;
            s++;
        }
    }

    private int StartCapture(int s, int p, int what)
    {
        if (CaptureCount >= Limits.Captures) throw _call.Error("too many captures");
        _captures[CaptureCount++] = (s, what);
        var result = Match(s, p);
        if (result < 0) CaptureCount--;
        return result;
    }

    private int EndCapture(int s, int p)
    {
        var level = CaptureCount - 1;
        while (level >= 0 && _captures[level].Length != OpenCapture) level--;
        if (level < 0) throw _call.Error("invalid pattern capture");
        _captures[level].Length = s - _captures[level].Start;
        var result = Match(s, p);
        if (result < 0) _captures[level].Length = OpenCapture;
        return result;
    }

    private readonly int MatchBalance(int s, int p)
    {
        if (p + 1 >= _pattern.Length) throw _call.Error("unbalanced pattern");
        if (s >= Subject.Length || Subject[s] != _pattern[p]) return -1;
        var (open, close, level) = (_pattern[p], _pattern[p + 1], 1);
        for (var i = s + 1; i < Subject.Length; i++)
        {
            if (Subject[i] == close)
            {
                if (--level == 0) return i + 1;
            }
            else if (Subject[i] == open)
            {
                level++;
            }
        }
        return -1;
    }

    private readonly int MatchBackReference(int s, byte digit)
    {
        var index = digit - '1';
        if (index < 0 || index >= CaptureCount || _captures[index].Length == OpenCapture) throw _call.Error("invalid capture index");
        var (start, length) = _captures[index];
        if (length < 0) return -1;   // a position capture is too long to match, as in the reference
        var text = Subject.Slice(start, length);
        return Subject[s..].StartsWith(text) ? s + length : -1;
    }

    // ---- single characters and classes

    private readonly int ClassEnd(int p)
    {
        var c = _pattern[p++];
        if (c == Escape)
        {
            if (p >= _pattern.Length) throw _call.Error("malformed pattern (ends with '%')");
            return p + 1;
        }
        if (c != '[') return p;
        if (p < _pattern.Length && _pattern[p] == '^') p++;
        do
        {
            if (p >= _pattern.Length) throw _call.Error("malformed pattern (missing ']')");
            if (_pattern[p++] == Escape && p < _pattern.Length) p++;
        }
        while (p >= _pattern.Length || _pattern[p] != ']');
        return p + 1;
    }

    private readonly bool MatchesOne(int s, int p, int end)
    {
        if ((uint)s >= (uint)Subject.Length) return false;
        var c = Subject[s];
        return _pattern[p] switch
        {
            (byte)'.' => true,
            Escape => IsInClass(c, _pattern[p + 1]),
            (byte)'[' => MatchesSet(c, p, end - 1),
            var literal => literal == c,
        };
    }

    // The set starts at p with '[' and its closing ']' is at last.
    private readonly bool MatchesSet(byte c, int p, int last)
    {
        var found = true;
        if (_pattern[p + 1] == '^')
        {
            found = false;
            p++;
        }
        while (++p < last)
        {
            if (_pattern[p] == Escape)
            {
                p++;
                if (IsInClass(c, _pattern[p])) return found;
            }
            else if (_pattern[p + 1] == '-' && p + 2 < last)
            {
                p += 2;
                if (_pattern[p - 2] <= c && c <= _pattern[p]) return found;
            }
            else if (_pattern[p] == c)
            {
                return found;
            }
        }
        return !found;
    }

    private static bool IsInClass(byte c, byte name)
    {
        var ch = (char)c;
        bool result;
        switch (name | 0x20)
        {
            case 'a': result = char.IsAsciiLetter(ch); break;
            case 'c': result = c < 32 || c == 127; break;
            case 'd': result = char.IsAsciiDigit(ch); break;
            case 'l': result = char.IsAsciiLetterLower(ch); break;
            case 'p': result = c is > 32 and < 127 && !char.IsAsciiLetterOrDigit(ch); break;
            case 's': result = NumberText.IsSpace(c); break;
            case 'u': result = char.IsAsciiLetterUpper(ch); break;
            case 'w': result = char.IsAsciiLetterOrDigit(ch); break;
            case 'x': result = char.IsAsciiHexDigit(ch); break;
            case 'z' when char.IsAsciiLetter((char)name): result = c == 0; break;
            default: return name == c;
        }
        if (!char.IsAsciiLetter((char)name)) return name == c;
        return char.IsAsciiLetterUpper((char)name) ? !result : result;
    }
}
