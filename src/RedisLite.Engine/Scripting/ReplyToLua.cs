using System.Buffers.Text;
using RedisLite.Lua;
using NumberText = RedisLite.Data.NumberText;

namespace RedisLite.Engine.Scripting;

/// <summary>
/// The reply of a command as a Lua value, read from its wire form: what a script gets does not depend on how a handler made it. RESP2's nulls are false, as Lua
/// cannot keep nil in a list; RESP3's null is nil. What Lua has no type for becomes a table with one field that names the type.
/// </summary>
internal ref struct ReplyToLua(LuaRuntime runtime, ReadOnlySpan<byte> reply)
{
    public static readonly LuaString Err = LuaString.From("err");
    public static readonly LuaString Ok = LuaString.From("ok");
    public static readonly LuaString Map = LuaString.From("map");
    public static readonly LuaString Set = LuaString.From("set");
    public static readonly LuaString Double = LuaString.From("double");
    public static readonly LuaString BigNumber = LuaString.From("big_number");
    public static readonly LuaString Verbatim = LuaString.From("verbatim_string");
    public static readonly LuaString Format = LuaString.From("format");
    public static readonly LuaString Text = LuaString.From("string");
    public static readonly LuaString AlreadyCounted = LuaString.From("ignore_error_stats_update");
    private static readonly LuaString OkText = LuaString.From("OK");

    private readonly ReadOnlySpan<byte> bytes = reply;
    private int at;

    /// <summary>The value that begins here. Replies are our own, and nest no deeper than the commands make them.</summary>
    public LuaValue Read()
    {
        var type = bytes[at];
        switch (type)
        {
            case (byte)':': return ReadNumber();
            case (byte)'$': return ReadBulk();
            case (byte)'*': return ReadArray();
            case (byte)'+': return Field(Ok, Status(Line()));
            case (byte)'-': return ErrorTable(runtime, Line());
            case (byte)'_':
                Line();
                return default;
            case (byte)'#': return Line()[0] == (byte)'t';
            case (byte)',': return Field(Double, Number(Line()));
            case (byte)'(': return Field(BigNumber, runtime.NewString(Line()));
            case (byte)'=': return ReadVerbatim();
            case (byte)'%': return ReadMap();
            case (byte)'~': return ReadSet();
            case (byte)'|':
                var attributes = ReadNumber();
                for (var i = 0; i < 2 * attributes; i++) Read();
                return Read();
            default: return ReadArray();                          // a push
        }
    }

    /// <summary>An error that a command replied; it has been counted.</summary>
    public static LuaTable ErrorTable(LuaRuntime runtime, ReadOnlySpan<byte> text)
    {
        var table = runtime.NewTable(0, 2);
        table.Set(AlreadyCounted, true);
        table.Set(Err, runtime.NewString(text));
        return table;
    }

    private static LuaString Status(ReadOnlySpan<byte> text) => text.SequenceEqual("OK"u8) ? OkText : LuaString.From(text);

    private readonly LuaTable Field(LuaString name, in LuaValue value)
    {
        var table = runtime.NewTable(0, 1);
        table.Set(name, value);
        return table;
    }

    private ReadOnlySpan<byte> Line()
    {
        var rest = bytes[(at + 1)..];
        var length = rest.IndexOf((byte)'\r');
        at += length + 3;
        return rest[..length];
    }

    private double ReadNumber() => NumberText.TryParseInt64(Line(), out var value) ? value : 0;

    private static double Number(ReadOnlySpan<byte> text)
    {
        if (Utf8Parser.TryParse(text, out double value, out _)) return value;
        return text.SequenceEqual("inf"u8) ? double.PositiveInfinity : text.SequenceEqual("-inf"u8) ? double.NegativeInfinity : double.NaN;
    }

    private LuaValue ReadBulk()
    {
        var length = (int)ReadNumber();
        if (length < 0) return false;
        var text = bytes.Slice(at, length);
        at += length + 2;
        return runtime.NewString(text);
    }

    private LuaTable ReadVerbatim()
    {
        var length = (int)ReadNumber();
        var text = bytes.Slice(at, length);
        at += length + 2;
        var inner = runtime.NewTable(0, 2);
        inner.Set(Format, runtime.NewString(text[..3]));
        inner.Set(Text, runtime.NewString(text[4..]));
        return Field(Verbatim, inner);
    }

    private LuaValue ReadArray()
    {
        var count = (int)ReadNumber();
        if (count < 0) return false;
        var table = runtime.NewTable(count);
        for (var i = 1; i <= count; i++) table.SetInt(i, Read());
        return table;
    }

    private LuaTable ReadMap()
    {
        var count = (int)ReadNumber();
        var inner = runtime.NewTable(0, count);
        for (var i = 0; i < count; i++)
        {
            var key = Read();
            var value = Read();
            if (!key.IsNil) inner.Set(key, value);
        }

        return Field(Map, inner);
    }

    private LuaTable ReadSet()
    {
        var count = (int)ReadNumber();
        var inner = runtime.NewTable(0, count);
        for (var i = 0; i < count; i++)
        {
            var member = Read();
            if (!member.IsNil) inner.Set(member, true);
        }

        return Field(Set, inner);
    }
}
