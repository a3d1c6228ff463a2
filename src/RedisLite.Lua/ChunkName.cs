using System.Text;

namespace RedisLite.Lua;

/// <summary>The name of a chunk: as messages show it, and as it was given.</summary>
internal readonly record struct ChunkName(string Shown, string Source)
{
    private const int DisplayMax = 60;   // with the final NUL of the reference

    /// <summary>A chunk the host names itself.</summary>
    internal static ChunkName Of(string name) => new(name, "@" + name);

    /// <summary>A chunk named by a script.</summary>
    internal static ChunkName FromScript(ReadOnlySpan<byte> name) => new(Display(name), Encoding.Latin1.GetString(name));

    /// <summary>How messages show a chunk: "=name" and "@name" as the name, source text as [string "first line..."].</summary>
    internal static string Display(ReadOnlySpan<byte> name)
    {
        var nul = name.IndexOf((byte)0);
        if (nul >= 0) name = name[..nul];
        var text = Encoding.Latin1.GetString(name);
        if (text.StartsWith('=')) return text.Length > DisplayMax ? text[1..DisplayMax] : text[1..];
        if (text.StartsWith('@'))
        {
            const int keep = DisplayMax - 8;
            return text.Length - 1 > keep ? string.Concat("...", text.AsSpan(text.Length - keep)) : text[1..];
        }
        var end = text.AsSpan().IndexOfAny('\n', '\r');
        var line = end < 0 ? text : text[..end];
        const int room = DisplayMax - 17;
        return line.Length > room ? $"[string \"{line[..room]}...\"]" : end >= 0 ? $"[string \"{line}...\"]" : $"[string \"{line}\"]";
    }
}
