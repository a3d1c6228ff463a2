using System.Buffers;

namespace RedisLite.Lua.Library;

/// <summary>string.find, match, gmatch and gsub.</summary>
internal static class PatternFunctions
{
    internal static int Find(LuaCall call) => FindOrMatch(call, find: true);

    internal static int Match(LuaCall call) => FindOrMatch(call, find: false);

    private static readonly SearchValues<byte> Specials = SearchValues.Create("^$*+?.([%-"u8);

    private static bool HasSpecials(ReadOnlySpan<byte> pattern) => pattern.IndexOfAny(Specials) >= 0;

    private static int FindOrMatch(LuaCall call, bool find)
    {
        var subject = call.CheckString(0);
        var pattern = call.CheckString(1).Bytes;
        var start = StringLibrary.Absolute(call.OptionalInteger(2, 1), subject.Length) - 1;
        start = Math.Clamp(start, 0, subject.Length);
        if (find && (!call[3].IsFalsy || !HasSpecials(pattern)))
        {
            var at = subject.Bytes[(int)start..].IndexOf(pattern);
            return at < 0 ? call.Return(default) : call.Return(start + at + 1, start + at + pattern.Length);
        }
        var anchored = !pattern.IsEmpty && pattern[0] == '^';
        Span<(int, int)> captures = stackalloc (int, int)[Limits.Captures];
        var matcher = new PatternMatcher(call, subject.Bytes, anchored ? pattern[1..] : pattern, captures);
        for (var s = (int)start; s <= subject.Length; s++)
        {
            var end = matcher.Match(s);
            if (end >= 0)
            {
                if (!find) return PushCaptures(call, ref matcher, s, end, wholeIfNone: true);
                call.Push(s + 1);
                call.Push(end);
                return PushCaptures(call, ref matcher, s, end, wholeIfNone: false) + 2;
            }
            if (anchored) break;
        }
        return call.Return(default);
    }

    private static int PushCaptures(LuaCall call, ref PatternMatcher matcher, int start, int end, bool wholeIfNone)
    {
        var count = matcher.CaptureCount == 0 && wholeIfNone ? 1 : matcher.CaptureCount;
        for (var i = 0; i < count; i++) call.Push(matcher.Capture(i, start, end));
        return count;
    }

    internal static int GMatch(LuaCall call)
    {
        var subject = call.CheckString(0);
        var pattern = call.CheckString(1);
        var position = 0;
        return call.Return(new HostFunction("gmatch", inner =>
        {
            Span<(int, int)> captures = stackalloc (int, int)[Limits.Captures];
            var matcher = new PatternMatcher(inner, subject.Bytes, pattern.Bytes, captures);
            for (var s = position; s <= subject.Length; s++)
            {
                var end = matcher.Match(s);
                if (end < 0) continue;
                position = end == s ? end + 1 : end;
                return PushCaptures(inner, ref matcher, s, end, wholeIfNone: true);
            }
            position = subject.Length + 1;
            return 0;
        }, call.Runtime.Globals) { Attached = subject });
    }

    internal static int GSub(LuaCall call)
    {
        var subject = call.CheckString(0);
        var pattern = call.CheckString(1).Bytes;
        var replacement = call[2];
        if (!(replacement.IsNumber || replacement.Ref is LuaString or LuaTable or LuaFunction))
            throw call.ArgumentError(2, "string/function/table expected");
        var limit = call.OptionalInteger(3, subject.Length + 1L);
        var anchored = !pattern.IsEmpty && pattern[0] == '^';
        Span<(int, int)> captures = stackalloc (int, int)[Limits.Captures];
        var matcher = new PatternMatcher(call, subject.Bytes, anchored ? pattern[1..] : pattern, captures);
        var template = replacement.ToLuaString();
        var output = new ByteBuffer(call.Runtime.Meter);
        var count = 0;
        var s = 0;
        while (count < (int)limit)
        {
            var end = matcher.Match(s);
            if (end >= 0)
            {
                count++;
                if (template is not null) Expand(call, ref matcher, template.Bytes, s, end, output);
                else Replace(call, ref matcher, replacement, s, end, output);
            }
            if (end >= 0 && end > s) s = end;
            else if (s < subject.Length) output.Write(subject.Bytes[s++]);
            else break;
            if (anchored) break;
        }
        output.Write(subject.Bytes[s..]);
        return call.Return(output.ToLuaString(), count);
    }

    private static void Expand(LuaCall call, ref PatternMatcher matcher, ReadOnlySpan<byte> template, int start, int end, ByteBuffer output)
    {
        for (var i = 0; i < template.Length; i++)
        {
            var c = template[i];
            if (c != '%')
            {
                output.Write(c);
                continue;
            }
            if (++i >= template.Length)
            {
                output.Write(0);   // the reference copies the NUL behind the string
                break;
            }
            c = template[i];
            if (c == '0') output.Write(matcher.Subject[start..end]);
            else if (c is >= (byte)'1' and <= (byte)'9') output.Write(matcher.Capture(c - '1', start, end).ToLuaString()!.Bytes);
            else output.Write(c);
        }
        call.Runtime.Spend(1);
    }

    private static void Replace(LuaCall call, ref PatternMatcher matcher, in LuaValue replacement, int start, int end, ByteBuffer output)
    {
        LuaValue value;
        if (replacement.Ref is LuaTable)
        {
            value = Operations.Index(call.Thread, replacement, matcher.Capture(0, start, end));
        }
        else
        {
            var thread = call.Thread;
            var func = thread.Top;
            thread.Push(replacement);
            var arguments = PushCaptures(call, ref matcher, start, end, wholeIfNone: true);
            thread.Call(func, arguments, 1);
            value = thread.Stack[func];
            thread.Top = func;
        }
        if (value.IsFalsy) output.Write(matcher.Subject[start..end]);
        else if (value.ToLuaString() is { } text) output.Write(text.Bytes);
        else throw call.Error($"invalid replacement value (a {value.TypeName})");
    }
}
