using System.Security.Cryptography;
using RedisLite.Lua;

namespace RedisLite.Engine.Scripting;

/// <summary>A script that EVAL or SCRIPT LOAD brought: compiled once, known by the SHA1 of its text.</summary>
internal sealed class Script(byte[] source, byte[] sha, ScriptFlags flags, LuaFunction function, long memory)
{
    public byte[] Source { get; } = source;

    /// <summary>40 hex digits, lower case.</summary>
    public byte[] Sha { get; } = sha;

    public ScriptFlags Flags { get; } = flags;

    public LuaFunction Function { get; } = function;

    public long Memory { get; } = memory;

    /// <summary>Its place among the scripts that nobody loaded; null for those SCRIPT LOAD brought, which stay.</summary>
    public LinkedListNode<Script>? Place { get; set; }
}

/// <summary>
/// The scripts that EVALSHA finds. Programs exist that build a new text for every call, so those known through EVAL alone are kept up to a number and the one
/// not used for longest goes first. EVAL finds a script by its text, which is cheaper than to compute the SHA1 of it again.
/// </summary>
internal sealed class EvalScripts(ByteKeyComparer comparer)
{
    public const int UnloadedMax = 500;
    public const int ShaLength = 40;

    private readonly Dictionary<byte[], Script> bySha = new(comparer);
    private readonly Dictionary<byte[], Script> bySource = new(comparer);
    private readonly LinkedList<Script> unloaded = new();

    public int Count => bySha.Count;

    public long Memory { get; private set; }

    public long Evicted { get; set; }

    public Script? FindSource(ReadOnlySpan<byte> source) =>
        bySource.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(source, out var script) ? Used(script) : null;

    /// <summary>By its name in hex, upper or lower case.</summary>
    public Script? FindSha(ReadOnlySpan<byte> sha)
    {
        if (sha.Length != ShaLength) return null;
        Span<byte> lower = stackalloc byte[ShaLength];
        for (var i = 0; i < ShaLength; i++) lower[i] = sha[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(sha[i] | 0x20) : sha[i];
        return bySha.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(lower, out var script) ? Used(script) : null;
    }

    public void Add(Script script)
    {
        if (unloaded.Count >= UnloadedMax) Evict();
        bySha.Add(script.Sha, script);
        bySource.Add(script.Source, script);
        script.Place = unloaded.AddLast(script);
        Memory += script.Memory;
    }

    /// <summary>SCRIPT LOAD asks for it: it is never evicted.</summary>
    public void Keep(Script script)
    {
        if (script.Place is not { } place) return;
        unloaded.Remove(place);
        script.Place = null;
    }

    public void Clear()
    {
        bySha.Clear();
        bySource.Clear();
        unloaded.Clear();
        Memory = 0;
    }

    public static byte[] ShaOf(ReadOnlySpan<byte> source)
    {
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // the protocol names scripts so; nothing is protected by it
        SHA1.HashData(source, hash);
#pragma warning restore CA5350
        var hex = new byte[ShaLength];
        Convert.TryToHexStringLower(hash, hex, out _);
        return hex;
    }

    private Script Used(Script script)
    {
        if (script.Place is not { } place || ReferenceEquals(unloaded.Last, place)) return script;
        unloaded.Remove(place);
        unloaded.AddLast(place);
        return script;
    }

    private void Evict()
    {
        var oldest = unloaded.First!.Value;
        unloaded.RemoveFirst();
        bySha.Remove(oldest.Sha);
        bySource.Remove(oldest.Source);
        Memory -= oldest.Memory;
        Evicted++;
    }
}
