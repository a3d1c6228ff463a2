using System.Buffers.Binary;
using System.Buffers.Text;
using RedisLite.Data.Trees;

namespace RedisLite.Data.Values;

/// <summary>The ID of a stream entry. As a tree key it is 16 bytes, big endian, so that keys compare as bytes.</summary>
internal readonly record struct StreamId(ulong Ms, ulong Seq) : IComparable<StreamId>
{
    public const int KeyBytes = 16;

    /// <summary>Two numbers and the dash.</summary>
    public const int TextMax = 41;

    /// <summary>Redis reads no longer one (leading zeros, spaces), and a C string ends at its NUL.</summary>
    private const int TextMaxAccepted = 127;

    public static StreamId Min => default;

    public static StreamId Max => new(ulong.MaxValue, ulong.MaxValue);

    public int CompareTo(StreamId other) => Ms != other.Ms ? Ms.CompareTo(other.Ms) : Seq.CompareTo(other.Seq);

    public static bool operator <(StreamId a, StreamId b) => a.CompareTo(b) < 0;

    public static bool operator >(StreamId a, StreamId b) => a.CompareTo(b) > 0;

    public static bool operator <=(StreamId a, StreamId b) => a.CompareTo(b) <= 0;

    public static bool operator >=(StreamId a, StreamId b) => a.CompareTo(b) >= 0;

    /// <summary>The next ID; false after the last of all.</summary>
    public bool TryNext(out StreamId next)
    {
        var isThere = this != Max;                              // before next is written: it may be this ID itself
        next = Seq < ulong.MaxValue ? new(Ms, Seq + 1) : new(unchecked(Ms + 1), 0);
        return isThere;
    }

    public bool TryPrevious(out StreamId previous)
    {
        var isThere = this != Min;
        previous = Seq > 0 ? new(Ms, Seq - 1) : new(unchecked(Ms - 1), ulong.MaxValue);
        return isThere;
    }

    /// <summary><c>ms-seq</c> or <c>ms</c>, which then gets this sequence.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, ulong seqIfMissing, out StreamId id)
    {
        id = default;
        if (text.Length > TextMaxAccepted) return false;
        var nul = text.IndexOf((byte)0);
        if (nul >= 0) text = text[..nul];
        var dash = text.IndexOf((byte)'-');
        if (!NumberText.TryParseUInt64(dash < 0 ? text : text[..dash], out var ms)) return false;
        var seq = seqIfMissing;
        if (dash >= 0 && !NumberText.TryParseUInt64(text[(dash + 1)..], out seq)) return false;
        id = new(ms, seq);
        return true;
    }

    public int Format(Span<byte> destination)
    {
        if (!Utf8Formatter.TryFormat(Ms, destination, out var length)) throw new ArgumentException("Too short for an ID.", nameof(destination));
        destination[length++] = (byte)'-';
        if (!Utf8Formatter.TryFormat(Seq, destination[length..], out var rest)) throw new ArgumentException("Too short for an ID.", nameof(destination));
        return length + rest;
    }

    public static StreamId Read(ReadOnlySpan<byte> key) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(key), BinaryPrimitives.ReadUInt64BigEndian(key[8..]));

    public void WriteTo(Span<byte> key)
    {
        BinaryPrimitives.WriteUInt64BigEndian(key, Ms);
        BinaryPrimitives.WriteUInt64BigEndian(key[8..], Seq);
    }
}

/// <summary>The place of an ID in a tree keyed by IDs.</summary>
internal readonly struct IdOrder(StreamId id) : ITreeOrder
{
    public int CompareTo(ReadOnlySpan<byte> firstKey) => id.CompareTo(StreamId.Read(firstKey));
}
