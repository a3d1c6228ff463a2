using System.Buffers.Binary;
using System.Text;

namespace RedisLite.Lua;

// An immutable byte string with a cached hash. Strings are not interned: interning needs weak references, and all it buys is a
// faster comparison, which the reference check in front and the cached hash give nearly always (constants of one chunk are shared).
internal sealed class LuaString
{
    internal static readonly LuaString Empty = new([]);
    private static readonly LuaString[] SingleBytes = CreateSingleBytes();
    private static readonly uint Seed = (uint)new HashCode().ToHashCode();   // differs per process; no order depends on it

    private readonly byte[] _bytes;
    private int _hash;
    internal int Mark;

    internal LuaString(byte[] bytes) => _bytes = bytes;

    internal int Length => _bytes.Length;
    internal ReadOnlySpan<byte> Bytes => _bytes;
    internal byte[] Array => _bytes;

    internal static LuaString From(string text) => new(Encoding.Latin1.GetBytes(text));

    internal static LuaString From(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => Empty,
        1 => SingleBytes[bytes[0]],
        _ => new LuaString(bytes.ToArray()),
    };

    internal static LuaString FromByte(byte b) => SingleBytes[b];

    internal int Hash
    {
        get
        {
            var hash = _hash;
            return hash != 0 ? hash : _hash = ComputeHash(_bytes);
        }
    }

    internal bool ContentEquals(LuaString other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (_bytes.Length != other._bytes.Length) return false;
        if (_hash != 0 && other._hash != 0 && _hash != other._hash) return false;
        return _bytes.AsSpan().SequenceEqual(other._bytes);
    }

    internal static int Compare(LuaString a, LuaString b) => a._bytes.AsSpan().SequenceCompareTo(b._bytes);

    public override string ToString() => Encoding.Latin1.GetString(_bytes);

    private static int ComputeHash(ReadOnlySpan<byte> bytes)
    {
        var state = Seed ^ ((ulong)bytes.Length * 0x9E3779B97F4A7C15);
        while (bytes.Length >= 8)
        {
            state = Mix(state ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        ulong tail = 0;
        foreach (var b in bytes) tail = (tail << 8) | b;
        state = Mix(state ^ tail);
        var hash = (int)(state ^ (state >> 32));
        return hash != 0 ? hash : 1;
    }

    private static ulong Mix(ulong value)
    {
        var high = Math.BigMul(value ^ 0xD6E8FEB86659FD93, 0x9E3779B97F4A7C15, out var low);
        return high ^ low;
    }

    private static LuaString[] CreateSingleBytes()
    {
        var all = new LuaString[256];
        for (var i = 0; i < all.Length; i++) all[i] = new LuaString([(byte)i]);
        return all;
    }
}
