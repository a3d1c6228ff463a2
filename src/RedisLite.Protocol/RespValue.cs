using System.Globalization;
using System.Text;

namespace RedisLite.Protocol;

internal enum RespKind
{
    Simple,
    Error,
    Integer,
    Bulk,
    Array,
    NullBulk,
    NullArray,
    Null,
    Double,
    Bool,
    BigNumber,
    BulkError,
    Verbatim,
    Map,
    Set,
    Push,
    Attribute,
}

/// A decoded reply. Kinds keep what the wire said (the three nulls differ); maps hold keys and values alternately in Items.
internal sealed class RespValue(RespKind kind)
{
    public RespKind Kind { get; } = kind;

    /// Payload of string-like kinds; the text of a double or big number.
    public byte[] Bytes { get; init; } = [];

    /// Value of an integer; 0 or 1 of a bool.
    public long Integer { get; init; }

    public double Double { get; init; }

    public RespValue[] Items { get; init; } = [];

    public bool IsNull => Kind is RespKind.NullBulk or RespKind.NullArray or RespKind.Null;

    public bool IsError => Kind is RespKind.Error or RespKind.BulkError;

    /// The payload as text; chars are bytes (Latin-1).
    public string Text => Kind switch
    {
        RespKind.Integer => Integer.ToString(CultureInfo.InvariantCulture),
        RespKind.Bool => Integer != 0 ? "true" : "false",
        _ => Encoding.Latin1.GetString(Bytes),
    };

    public RespValue this[int index] => Items[index];

    /// For messages of failed tests: nested, readable, unambiguous.
    public override string ToString() => Kind switch
    {
        RespKind.Simple => "+" + Text,
        RespKind.Error or RespKind.BulkError => "-" + Text,
        RespKind.Bulk or RespKind.Verbatim => "\"" + Text + "\"",
        RespKind.NullBulk or RespKind.NullArray or RespKind.Null => Kind.ToString(),
        RespKind.Array or RespKind.Map or RespKind.Set or RespKind.Push or RespKind.Attribute =>
            (Kind == RespKind.Array ? "" : Kind.ToString()) + "[" + string.Join(", ", Items.Select(item => item.ToString())) + "]",
        _ => Text,
    };
}
