using System.Buffers.Binary;

namespace RedisLite.Data.Values;

/// <summary>
/// A string: bytes, or 8 bytes of integer when its text is that integer's. What OBJECT ENCODING reports follows Redis's history of the value, not
/// only its bytes: the record's Big flag says "raw" for a short string that was edited in place (APPEND, SETRANGE, SETBIT).
/// </summary>
internal readonly struct StringValue(Entry entry) : IValue<StringValue>
{
    /// <summary>Room for the text of an integer, for <see cref="Get"/>.</summary>
    public const int ScratchMax = NumberText.Int64TextMax;

    private const int EmbeddedMax = 44;

    /// <summary>Room that an append reserves beyond what it needs, at most.</summary>
    private const int SlackMax = 1024 * 1024;

    private readonly Entry _entry = entry;

    public static ValueType Type => ValueType.String;

    public static RecordKind EmptyKind => RecordKind.String;

    public static int EmptySize => 0;

    public static StringValue Over(Entry entry) => new(entry);

    public bool IsMissing => !_entry.Exists;

    public Entry Entry => _entry;

    private bool IsIntegerKind => _entry.Kind == RecordKind.Integer;

    public void Initialize()
    {
    }

    // ---- what a new value needs, for whoever makes the record ----

    /// <summary>How Redis would store this text: as an integer when it is exactly one.</summary>
    public static RecordKind KindFor(ReadOnlySpan<byte> text, out long integer) =>
        NumberText.TryParseInt64(text, out integer) ? RecordKind.Integer : RecordKind.String;

    public static int SizeFor(RecordKind kind, ReadOnlySpan<byte> text) => kind == RecordKind.Integer ? 8 : text.Length;

    // ---- reading ----

    public string Encoding => IsIntegerKind ? "int" : _entry.Big || _entry.Value.Length > EmbeddedMax ? "raw" : "embstr";

    public int Length => IsMissing ? 0 : IsIntegerKind ? NumberText.LengthOf(StoredInteger) : _entry.Value.Length;

    /// <summary>The bytes; an integer is written into <paramref name="scratch"/> (<see cref="ScratchMax"/> bytes). Empty when missing.</summary>
    public ReadOnlySpan<byte> Get(Span<byte> scratch)
    {
        if (IsMissing) return default;
        if (!IsIntegerKind) return _entry.Value;
        return scratch[..NumberText.FormatInt64(StoredInteger, scratch)];
    }

    /// <summary>GETRANGE: inclusive ends, negative ones count from the end.</summary>
    public ReadOnlySpan<byte> GetRange(long start, long end, Span<byte> scratch)
    {
        var text = Get(scratch);
        if (start < 0 && end < 0 && start > end) return default;
        if (start < 0) start = Math.Max(0, start + text.Length);
        if (end < 0) end = Math.Max(0, end + text.Length);
        end = Math.Min(end, text.Length - 1);
        return start > end || text.IsEmpty ? default : text[(int)start..(int)(end + 1)];
    }

    /// <summary>The value as an integer (0 when missing); false when its text is none.</summary>
    public bool TryGetInteger(out long value)
    {
        value = 0;
        if (IsMissing) return true;
        if (!IsIntegerKind) return NumberText.TryParseInt64(_entry.Value, out value);
        value = StoredInteger;
        return true;
    }

    public bool TryGetExtendedFloat(out ExtendedFloat value)
    {
        value = ExtendedFloat.FromInt64(0);
        if (IsMissing) return true;
        if (!IsIntegerKind) return ExtendedFloat.TryParse(_entry.Value, out value);
        value = ExtendedFloat.FromInt64(StoredInteger);
        return true;
    }

    private long StoredInteger => BinaryPrimitives.ReadInt64LittleEndian(_entry.Value);

    // ---- writing; the record exists, its expiry stays ----

    /// <summary>A new value, as an integer when it is one.</summary>
    public void Set(ReadOnlySpan<byte> text)
    {
        if (NumberText.TryParseInt64(text, out var integer)) SetInteger(integer);
        else SetText(text);
    }

    /// <summary>A new value that Redis does not try to store as an integer (results of INCRBYFLOAT).</summary>
    public void SetText(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_entry.Resize(text.Length, RecordKind.String));
        _entry.Big = false;
    }

    public void SetInteger(long value)
    {
        var bytes = IsIntegerKind ? _entry.MutableValue() : _entry.Resize(8, RecordKind.Integer);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        if (_entry.Big) _entry.Big = false;
    }

    /// <summary>Returns the new length.</summary>
    public int Append(ReadOnlySpan<byte> text)
    {
        var length = Length;
        var bytes = MutableText(length + text.Length, slack: Math.Min(length / 8, SlackMax));
        if (!_entry.Big)
        {
            _entry.Big = true;
            bytes = _entry.MutableValue();
        }
        text.CopyTo(bytes[length..]);
        return bytes.Length;
    }

    /// <summary>Returns the new length; what lies between the old end and the offset becomes zero bytes.</summary>
    public int SetRange(int offset, ReadOnlySpan<byte> text)
    {
        var bytes = MutableBytes(offset + text.Length);
        text.CopyTo(bytes[offset..]);
        return bytes.Length;
    }

    /// <summary>
    /// All bytes, writable, at least <paramref name="length"/> of them; new ones are zero. For edits in place (SETBIT, BITFIELD): from then on the
    /// value counts as raw.
    /// </summary>
    public Span<byte> MutableBytes(int length)
    {
        var before = Length;
        var bytes = MutableText(length, slack: Math.Min(before / 8, SlackMax));
        bytes[Math.Min(before, bytes.Length)..].Clear();
        if (_entry.Big) return bytes;
        _entry.Big = true;
        return _entry.MutableValue();
    }

    private Span<byte> MutableText(int length, int slack = 0)
    {
        var before = Length;
        if (IsIntegerKind)
        {
            Span<byte> text = stackalloc byte[ScratchMax];
            Get(text);
            var bytes = _entry.Resize(Math.Max(length, before), RecordKind.String);
            text[..before].CopyTo(bytes);
            return bytes;
        }
        return length <= before ? _entry.MutableValue() : _entry.Resize(length, RecordKind.String, slack);
    }
}
