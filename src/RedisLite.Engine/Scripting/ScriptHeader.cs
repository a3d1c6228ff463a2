using System.Text;
using RedisLite.Protocol;

namespace RedisLite.Engine.Scripting;

/// <summary>The first line of a script or a library: "#!lua name=… flags=…". The code begins behind it, on line 2.</summary>
internal static class ScriptHeader
{
    /// <summary>For EVAL. Null, or what is wrong with the line.</summary>
    public static string? ParseScript(ReadOnlySpan<byte> source, out ScriptFlags flags, out ReadOnlySpan<byte> code)
    {
        flags = ScriptFlags.Unflagged;
        code = source;
        if (!source.StartsWith("#!"u8)) return null;
        if (!TrySplit(source, out var words, out code)) return "Invalid script shebang";
        if (words is null) return "Invalid engine in script shebang";
        if (words.Length == 0 || words[0] != "#!lua") return $"Unexpected engine in script shebang: {(words.Length == 0 ? "" : words[0])}";

        flags = ScriptFlags.None;
        foreach (var word in words.AsSpan(1))
        {
            if (!word.StartsWith("flags=", StringComparison.Ordinal)) return $"Unknown lua shebang option: {word}";
            foreach (var name in word["flags=".Length..].Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                if (!ScriptFlagNames.TryParse(name, out var flag)) return $"Unexpected flag in script shebang: {name}";
                flags |= flag;
            }
        }

        return null;
    }

    /// <summary>For FUNCTION LOAD. Null, or what is wrong with the line.</summary>
    public static string? ParseLibrary(ReadOnlySpan<byte> source, out string engine, out string name, out ReadOnlySpan<byte> code)
    {
        (engine, name) = ("", "");
        code = default;
        if (!source.StartsWith("#!"u8)) return "Missing library metadata";
        if (!TrySplit(source, out var words, out code) || words is null || words.Length == 0) return "Invalid library metadata";

        engine = words[0][2..];
        string? given = null;
        foreach (var word in words.AsSpan(1))
        {
            if (!word.StartsWith("name=", StringComparison.OrdinalIgnoreCase)) return $"Invalid metadata value given: {word}";
            if (given is not null) return "Invalid metadata value, name argument was given multiple times";
            given = word["name=".Length..];
        }

        if (given is null) return "Library name was not given";
        name = given;
        return null;
    }

    /// <summary>False: the line does not end. Words are null when its quotes are unbalanced.</summary>
    private static bool TrySplit(ReadOnlySpan<byte> source, out string[]? words, out ReadOnlySpan<byte> code)
    {
        words = null;
        var end = source.IndexOf((byte)'\n');
        code = end < 0 ? default : source[end..];
        if (end < 0) return false;

        var line = source[..end].ToArray();
        var batch = new RequestBatch();
        if (!InlineWords.TryUnquote(line, batch)) return true;
        words = new string[batch.ArgCount];
        for (var i = 0; i < words.Length; i++) words[i] = Encoding.Latin1.GetString(line, batch.Args[i].Offset, batch.Args[i].Length);
        return true;
    }
}
