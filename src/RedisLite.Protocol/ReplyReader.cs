using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace RedisLite.Protocol;

internal sealed class RespFormatException(string message) : Exception(message);

/// Decodes RESP2 and RESP3 replies (tests, scripts, links to other servers). Depth and sizes are bounded, as the peer may be anything.
internal static class ReplyReader
{
    private const int DepthMax = 128;

    /// False: `data` ends before the reply does. Throws RespFormatException when it is no reply.
    public static bool TryRead(ReadOnlySpan<byte> data, out RespValue value, out int consumed)
    {
        consumed = 0;
        return TryRead(data, ref consumed, 0, out value);
    }

    /// All replies in `data`, which must end with the last.
    public static List<RespValue> ReadAll(ReadOnlySpan<byte> data)
    {
        var all = new List<RespValue>();
        while (data.Length > 0)
        {
            if (!TryRead(data, out var value, out var consumed)) throw new RespFormatException("incomplete reply");
            all.Add(value);
            data = data[consumed..];
        }
        return all;
    }

    private static bool TryRead(ReadOnlySpan<byte> data, ref int at, int depth, out RespValue value)
    {
        value = null!;
        if (depth > DepthMax) throw new RespFormatException("reply nested too deeply");
        if (at >= data.Length) return false;
        var end = data[at..].IndexOf("\r\n"u8);
        if (end < 0) return false;
        var type = data[at];
        var line = data.Slice(at + 1, Math.Max(end - 1, 0));
        at += end + 2;
        switch (type)
        {
            case (byte)'+': value = new RespValue(RespKind.Simple) { Bytes = line.ToArray() }; return true;
            case (byte)'-': value = new RespValue(RespKind.Error) { Bytes = line.ToArray() }; return true;
            case (byte)':': value = new RespValue(RespKind.Integer) { Integer = Number(line) }; return true;
            case (byte)'_': value = new RespValue(RespKind.Null); return true;
            case (byte)'#': value = new RespValue(RespKind.Bool) { Integer = line.SequenceEqual("t"u8) ? 1 : 0 }; return true;
            case (byte)'(': value = new RespValue(RespKind.BigNumber) { Bytes = line.ToArray() }; return true;
            case (byte)',': value = new RespValue(RespKind.Double) { Bytes = line.ToArray(), Double = ParseDouble(line) }; return true;
            case (byte)'$': return TryReadBulk(data, ref at, RespKind.Bulk, Number(line), out value);
            case (byte)'!': return TryReadBulk(data, ref at, RespKind.BulkError, Number(line), out value);
            case (byte)'=': return TryReadBulk(data, ref at, RespKind.Verbatim, Number(line), out value);
            case (byte)'*': return TryReadItems(data, ref at, depth, RespKind.Array, Number(line), out value);
            case (byte)'~': return TryReadItems(data, ref at, depth, RespKind.Set, Number(line), out value);
            case (byte)'>': return TryReadItems(data, ref at, depth, RespKind.Push, Number(line), out value);
            case (byte)'%': return TryReadItems(data, ref at, depth, RespKind.Map, Number(line) * 2, out value);
            case (byte)'|': return TryReadItems(data, ref at, depth, RespKind.Attribute, Number(line) * 2, out value);
            default: throw new RespFormatException($"unknown reply type 0x{type:x2}");
        }
    }

    private static bool TryReadBulk(ReadOnlySpan<byte> data, ref int at, RespKind kind, long length, out RespValue value)
    {
        value = new RespValue(RespKind.NullBulk);
        if (length == -1 && kind == RespKind.Bulk) return true;
        if (length is < 0 or > RespLimits.BulkMaxPossible) throw new RespFormatException("bad bulk length");
        if (data.Length - at < length + 2) return false;
        var bytes = data.Slice(at, (int)length);
        if (!data.Slice(at + (int)length, 2).SequenceEqual("\r\n"u8)) throw new RespFormatException("bulk string without its line end");
        if (kind == RespKind.Verbatim)
        {
            if (length < 4 || bytes[3] != (byte)':') throw new RespFormatException("bad verbatim string");
            bytes = bytes[4..];
        }
        value = new RespValue(kind) { Bytes = bytes.ToArray() };
        at += (int)length + 2;
        return true;
    }

    private static bool TryReadItems(ReadOnlySpan<byte> data, ref int at, int depth, RespKind kind, long count, out RespValue value)
    {
        value = new RespValue(RespKind.NullArray);
        if (count == -1 && kind == RespKind.Array) return true;
        if (count is < 0 or > int.MaxValue) throw new RespFormatException("bad aggregate length");
        var items = new List<RespValue>((int)Math.Min(count, 1024));
        for (long i = 0; i < count; i++)
        {
            if (!TryRead(data, ref at, depth + 1, out var item)) return false;
            items.Add(item);
        }
        value = new RespValue(kind) { Items = [.. items] };
        return true;
    }

    private static long Number(ReadOnlySpan<byte> line)
    {
        if (Utf8Parser.TryParse(line, out long value, out var used) && used == line.Length) return value;
        throw new RespFormatException("bad number in reply");
    }

    private static double ParseDouble(ReadOnlySpan<byte> line)
    {
        if (line.SequenceEqual("inf"u8)) return double.PositiveInfinity;
        if (line.SequenceEqual("-inf"u8)) return double.NegativeInfinity;
        if (line.SequenceEqual("nan"u8) || line.SequenceEqual("-nan"u8)) return double.NaN;
        if (double.TryParse(Encoding.ASCII.GetString(line), CultureInfo.InvariantCulture, out var value)) return value;
        throw new RespFormatException("bad double in reply");
    }
}
