using System.Text;
using RedisLite.Lua;

namespace RedisLite.Engine.Scripting;

/// <summary>A function that FCALL calls.</summary>
internal sealed class RegisteredFunction(byte[] name, LuaFunction callback, ScriptFlags flags, byte[]? description)
{
    public byte[] Name { get; } = name;

    public LuaFunction Callback { get; } = callback;

    public ScriptFlags Flags { get; } = flags;

    public byte[]? Description { get; } = description;
}

/// <summary>What one FUNCTION LOAD brought: the source, which is what is saved and propagated, and the functions its code registered.</summary>
internal sealed class FunctionLibrary(string name, byte[] source, long codeBytes)
{
    public string Name { get; } = name;

    public byte[] Source { get; } = source;

    public List<RegisteredFunction> Functions { get; } = [];

    public long Memory => Source.Length + codeBytes + (Functions.Count * 64L);
}

/// <summary>The libraries in order of arrival, and their functions by name. Functions of all libraries share one space of names, in which letter case does not count.</summary>
internal sealed class FunctionRegistry(ByteKeyComparer comparer)
{
    public const int NameMax = 512;

    private readonly Dictionary<byte[], RegisteredFunction> functions = new(comparer);

    public List<FunctionLibrary> Libraries { get; } = [];

    public int Count => functions.Count;

    public long Memory => Libraries.Sum(library => library.Memory);

    public FunctionLibrary? Find(string name) => Libraries.Find(library => library.Name == name);

    public RegisteredFunction? FindFunction(ReadOnlySpan<byte> name)
    {
        if (name.Length > NameMax) return null;
        Span<byte> lower = stackalloc byte[NameMax];
        Lower(name, lower);
        return functions.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(lower[..name.Length], out var function) ? function : null;
    }

    /// <summary>The name of a function of this library that another than <paramref name="except"/> has already; null when there is none.</summary>
    public string? Collision(FunctionLibrary library, FunctionLibrary? except)
    {
        foreach (var function in library.Functions)
        {
            if (FindFunction(function.Name) is not { } taken || (except is not null && except.Functions.Contains(taken))) continue;
            return Encoding.Latin1.GetString(function.Name);
        }

        return null;
    }

    public void Add(FunctionLibrary library)
    {
        Libraries.Add(library);
        foreach (var function in library.Functions) functions.Add(LowerName(function), function);
    }

    public void Remove(FunctionLibrary library)
    {
        Libraries.Remove(library);
        foreach (var function in library.Functions) functions.Remove(LowerName(function));
    }

    /// <summary>Whether this can be the name of a library or of a function.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > NameMax) return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') return false;
        }

        return true;
    }

    private static byte[] LowerName(RegisteredFunction function)
    {
        var lower = new byte[function.Name.Length];
        Lower(function.Name, lower);
        return lower;
    }

    private static void Lower(ReadOnlySpan<byte> name, Span<byte> lower)
    {
        for (var i = 0; i < name.Length; i++) lower[i] = name[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(name[i] | 0x20) : name[i];
    }
}
