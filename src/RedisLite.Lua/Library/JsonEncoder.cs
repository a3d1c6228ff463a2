using System.Runtime.CompilerServices;

namespace RedisLite.Lua.Library;

/// <summary>Lua values to JSON text as lua-cjson writes it.</summary>
internal readonly struct JsonEncoder(LuaCall call, JsonOptions options, ByteBuffer output)
{
    internal void Encode(in LuaValue value, int depth)
    {
        switch (value.Ref)
        {
            case LuaString text: AppendString(text.Bytes); break;
            case LuaTable table: AppendTable(table, depth + 1); break;
            case null: output.Write("null"u8); break;
            case LuaUserdata u when ReferenceEquals(u, CJsonLibrary.Null): output.Write("null"u8); break;
            default:
                if (value.IsNumber) AppendNumber(value);
                else if (value.IsBoolean) output.Write(value.IsFalsy ? "false"u8 : "true"u8);
                else throw Refuse(value, "type not supported");
                break;
        }
    }

    private LuaError Refuse(in LuaValue value, string reason) => call.Error($"Cannot serialise {value.TypeName}: {reason}");

    private void AppendTable(LuaTable table, int depth)
    {
        if (depth > options.EncodeMaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw call.Error($"Cannot serialise, excessive nesting ({depth})");
        call.Runtime.Spend(1);
        var length = ArrayLength(table);
        if (length > 0) AppendArray(table, length, depth);
        else AppendObject(table, depth);
    }

    // A table whose keys are all positive integers is an array unless too sparse; -1: an object.
    private int ArrayLength(LuaTable table)
    {
        double max = 0;
        var items = 0;
        for (var position = 0; table.EntryFrom(position, out var key, out _); position = table.PositionAfter(key))
        {
            if (!key.IsNumber || key.Num < 1 || Math.Floor(key.Num) != key.Num) return -1;
            max = Math.Max(max, key.Num);
            items++;
        }
        if (options.SparseRatio > 0 && max > (double)items * options.SparseRatio && max > options.SparseSafe)
        {
            if (!options.SparseConvert) throw Refuse(table, "excessively sparse array");
            return -1;
        }
        return (int)Math.Min(max, int.MaxValue);
    }

    private void AppendArray(LuaTable table, int length, int depth)
    {
        output.Write((byte)'[');
        for (var i = 1; i <= length; i++)
        {
            if (i > 1) output.Write((byte)',');
            Encode(table.GetInt(i), depth);
            if ((i & 255) == 0) call.Runtime.Spend(32);
        }
        output.Write((byte)']');
    }

    private void AppendObject(LuaTable table, int depth)
    {
        output.Write((byte)'{');
        var first = true;
        for (var position = 0; table.EntryFrom(position, out var key, out var value); position = table.PositionAfter(key))
        {
            if (!first) output.Write((byte)',');
            first = false;
            if (key.IsNumber)
            {
                output.Write((byte)'"');
                AppendNumber(key);
                output.Write("\":"u8);
            }
            else if (key.Ref is LuaString name)
            {
                AppendString(name.Bytes);
                output.Write((byte)':');
            }
            else
            {
                throw Refuse(key, "table key must be a number or string");
            }
            Encode(value, depth);
        }
        output.Write((byte)'}');
    }

    private void AppendNumber(in LuaValue value)
    {
        var number = value.Num;
        if (!double.IsFinite(number))
        {
            switch (options.EncodeInvalid)
            {
                case InvalidNumbers.Refuse: throw Refuse(value, "must not be NaN or Inf");
                case InvalidNumbers.Null: output.Write("null"u8); return;
            }
            if (double.IsNaN(number))
            {
                output.Write("nan"u8);
                return;
            }
        }
        var target = output.Reserve(40);
        output.Advance(options.NumberPrecision == 14 ? NumberText.Write(number, target) : Printf.WriteG(number, options.NumberPrecision, target));
    }

    private void AppendString(ReadOnlySpan<byte> text)
    {
        output.Write((byte)'"');
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c >= 32 && c != '"' && c != '\\' && c != '/' && c != 127) continue;
            output.Write(text[start..i]);
            start = i + 1;
            AppendEscape(c);
        }
        output.Write(text[start..]);
        output.Write((byte)'"');
    }

    private void AppendEscape(byte c)
    {
        var letter = c switch
        {
            (byte)'"' => '"', (byte)'\\' => '\\', (byte)'/' => '/', 8 => 'b', 9 => 't', 10 => 'n', 12 => 'f', 13 => 'r',
            _ => '\0',
        };
        output.Write((byte)'\\');
        if (letter != 0)
        {
            output.Write((byte)letter);
            return;
        }
        output.Write("u00"u8);
        output.Write("0123456789abcdef"u8[c >> 4]);
        output.Write("0123456789abcdef"u8[c & 15]);
    }
}
