using System.Runtime.CompilerServices;

namespace RedisLite.Lua.Library;

/// <summary>JSON text to Lua values, as lenient as lua-cjson and with its messages. A NUL ends the text.</summary>
internal ref struct JsonDecoder
{
    private enum Kind : byte { ObjectBegin, ObjectEnd, ArrayBegin, ArrayEnd, String, Number, Boolean, Null, Colon, Comma, End, Error }

    private static readonly string[] KindNames =
        ["T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL", "T_COLON", "T_COMMA", "T_END", "T_ERROR"];

    private readonly LuaCall _call;
    private readonly JsonOptions _options;
    private readonly ReadOnlySpan<byte> _text;
    private readonly ByteBuffer _buffer;
    private int _position;
    private int _depth;
    private Kind _kind;
    private int _start;          // of the token
    private LuaValue _value;
    private string _error = "";

    internal JsonDecoder(LuaCall call, JsonOptions options, ReadOnlySpan<byte> text)
    {
        _call = call;
        _options = options;
        _text = text;
        _buffer = new ByteBuffer(call.Runtime.Meter);
    }

    internal LuaValue DecodeAll()
    {
        Next();
        var value = Value();
        Next();
        if (_kind != Kind.End) throw Unexpected("the end");
        return value;
    }

    private readonly LuaError Unexpected(string expected) =>
        _call.Error($"Expected {expected} but found {(_kind == Kind.Error ? _error : KindNames[(int)_kind])} at character {_start + 1}");

    private LuaValue Value()
    {
        switch (_kind)
        {
            case Kind.String or Kind.Number or Kind.Boolean: return _value;
            case Kind.Null: return CJsonLibrary.Null;
            case Kind.ObjectBegin: return ReadObject();
            case Kind.ArrayBegin: return ReadArray();
            default: throw Unexpected("value");
        }
    }

    private void Descend()
    {
        _call.Runtime.Spend(1);
        if (++_depth <= _options.DecodeMaxDepth && RuntimeHelpers.TryEnsureSufficientExecutionStack()) return;
        throw _call.Error($"Found too many nested data structures ({_depth}) at character {_position}");
    }

    private LuaValue ReadObject()
    {
        Descend();
        var table = _call.Runtime.NewTable();
        Next();
        if (_kind != Kind.ObjectEnd)
        {
            while (true)
            {
                if (_kind != Kind.String) throw Unexpected("object key string");
                var key = _value;
                Next();
                if (_kind != Kind.Colon) throw Unexpected("colon");
                Next();
                table.Set(key, Value());
                Next();
                if (_kind == Kind.ObjectEnd) break;
                if (_kind != Kind.Comma) throw Unexpected("comma or object end");
                Next();
            }
        }
        _depth--;
        return table;
    }

    private LuaValue ReadArray()
    {
        Descend();
        var table = _call.Runtime.NewTable();
        Next();
        if (_kind != Kind.ArrayEnd)
        {
            for (var i = 1; ; i++)
            {
                table.SetInt(i, Value());
                Next();
                if (_kind == Kind.ArrayEnd) break;
                if (_kind != Kind.Comma) throw Unexpected("comma or array end");
                Next();
                if ((i & 255) == 0) _call.Runtime.Spend(32);
            }
        }
        _depth--;
        return table;
    }

    // ---- tokens

    private readonly byte At(int position) => position < _text.Length ? _text[position] : (byte)0;

    private void Next()
    {
        while (At(_position) is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r') _position++;
        _start = _position;
        var c = At(_position);
        switch (c)
        {
            case (byte)'{': Single(Kind.ObjectBegin); return;
            case (byte)'}': Single(Kind.ObjectEnd); return;
            case (byte)'[': Single(Kind.ArrayBegin); return;
            case (byte)']': Single(Kind.ArrayEnd); return;
            case (byte)':': Single(Kind.Colon); return;
            case (byte)',': Single(Kind.Comma); return;
            case 0 when _position >= _text.Length: _kind = Kind.End; return;
            case (byte)'"': ReadString(); return;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                if (!_options.DecodeInvalid && IsInvalidNumber()) Fail("invalid number");
                else ReadNumber();
                return;
        }
        if (Word("true"u8, Kind.Boolean, true) || Word("false"u8, Kind.Boolean, false) || Word("null"u8, Kind.Null, default)) return;
        if (_options.DecodeInvalid && IsInvalidNumber()) ReadNumber();
        else Fail("invalid token");
    }

    private void Single(Kind kind)
    {
        _kind = kind;
        _position++;
    }

    private bool Word(ReadOnlySpan<byte> word, Kind kind, LuaValue value)
    {
        if (!_text[_position..].StartsWith(word)) return false;
        _position += word.Length;
        _kind = kind;
        _value = value;
        return true;
    }

    private void Fail(string message)
    {
        _kind = Kind.Error;
        _error = message;
    }

    // Numbers that JSON forbids but strtod takes: +1, 0x10, 01, inf, nan.
    private readonly bool IsInvalidNumber()
    {
        var p = _position;
        if (At(p) == '+') return true;
        if (At(p) == '-') p++;
        if (At(p) == '0') return (At(p + 1) | 0x20) == 'x' || char.IsAsciiDigit((char)At(p + 1));
        if (At(p) <= '9') return false;
        return IsWord(p, "inf"u8) || IsWord(p, "nan"u8);
    }

    private readonly bool IsWord(int p, ReadOnlySpan<byte> word)
    {
        for (var i = 0; i < word.Length; i++)
        {
            if ((At(p + i) | 0x20) != word[i]) return false;
        }
        return true;
    }

    private void ReadNumber()
    {
        var length = NumberText.ParsePrefix(_text[_position..], out var number);
        if (length == 0)
        {
            Fail("invalid number");
            return;
        }
        _position += length;
        _kind = Kind.Number;
        _value = number;
    }

    private void ReadString()
    {
        _position++;
        _buffer.Clear();
        while (At(_position) != '"')
        {
            var c = At(_position);
            if (c == 0)
            {
                _start = _position;
                Fail("unexpected end of string");
                return;
            }
            if (c != '\\')
            {
                _buffer.Write(c);
                _position++;
            }
            else if (!ReadEscape())
            {
                _start = _position;
                return;
            }
        }
        _position++;
        _kind = Kind.String;
        _value = _buffer.ToLuaString();
    }

    private bool ReadEscape()
    {
        var c = At(_position + 1);
        var plain = c switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' => c,
            (byte)'b' => (byte)8, (byte)'f' => (byte)12, (byte)'n' => (byte)10, (byte)'r' => (byte)13, (byte)'t' => (byte)9,
            _ => (byte)0,
        };
        if (plain != 0)
        {
            _buffer.Write(plain);
            _position += 2;
            return true;
        }
        if (c != 'u')
        {
            Fail("invalid escape code");
            return false;
        }
        if (ReadUnicode()) return true;
        Fail("invalid unicode escape code");
        return false;
    }

    private readonly int Hex4(int p)
    {
        var value = 0;
        for (var i = 0; i < 4; i++)
        {
            var digit = NumberText.DigitOf(At(p + i));
            if (digit >= 16) return -1;
            value = (value << 4) | digit;
        }
        return value;
    }

    private bool ReadUnicode()
    {
        var length = 6;
        var code = Hex4(_position + 2);
        if (code < 0) return false;
        if (code is >= 0xD800 and < 0xE000)
        {
            // A high surrogate needs a low one behind it.
            if (code >= 0xDC00 || At(_position + 6) != '\\' || At(_position + 7) != 'u') return false;
            var low = Hex4(_position + 8);
            if (low is < 0xDC00 or >= 0xE000) return false;
            code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
            length = 12;
        }
        AppendUtf8(code);
        _position += length;
        return true;
    }

    private readonly void AppendUtf8(int code)
    {
        if (code < 0x80)
        {
            _buffer.Write((byte)code);
            return;
        }
        if (code < 0x800)
        {
            _buffer.Write((byte)(0xC0 | (code >> 6)));
        }
        else
        {
            if (code < 0x10000)
            {
                _buffer.Write((byte)(0xE0 | (code >> 12)));
            }
            else
            {
                _buffer.Write((byte)(0xF0 | (code >> 18)));
                _buffer.Write((byte)(0x80 | ((code >> 12) & 0x3F)));
            }
            _buffer.Write((byte)(0x80 | ((code >> 6) & 0x3F)));
        }
        _buffer.Write((byte)(0x80 | (code & 0x3F)));
    }
}
