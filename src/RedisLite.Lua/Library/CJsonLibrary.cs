namespace RedisLite.Lua.Library;

/// <summary>What cjson.* functions configure; each cjson.new() has its own.</summary>
internal sealed class JsonOptions
{
    internal bool SparseConvert;
    internal int SparseRatio = 2, SparseSafe = 10;
    internal int EncodeMaxDepth = 1000, DecodeMaxDepth = 1000;
    internal int NumberPrecision = 14;
    internal bool KeepBuffer = true;
    internal InvalidNumbers EncodeInvalid = InvalidNumbers.Refuse;
    internal bool DecodeInvalid = true;
}

internal enum InvalidNumbers : byte { Refuse, Allow, Null }

/// <summary>cjson: the module table, its options and the entry points.</summary>
internal static class CJsonLibrary
{
    /// <summary>JSON null inside Lua tables: one value for all runtimes, equal to itself only.</summary>
    internal static readonly LuaUserdata Null = new() { Host = "userdata: (nil)" };

    internal static void Open(LuaRuntime runtime) => runtime.Globals["cjson"] = NewModule(runtime);

    private static LuaTable NewModule(LuaRuntime runtime)
    {
        var options = new JsonOptions();
        var table = runtime.NewTable();
        runtime.Register(table, "encode", call => Encode(call, options));
        runtime.Register(table, "decode", call => Decode(call, options));
        runtime.Register(table, "encode_sparse_array", call => SparseArray(call, options));
        runtime.Register(table, "encode_max_depth", call => call.Return(IntegerOption(call, ref options.EncodeMaxDepth, 1, int.MaxValue)));
        runtime.Register(table, "decode_max_depth", call => call.Return(IntegerOption(call, ref options.DecodeMaxDepth, 1, int.MaxValue)));
        runtime.Register(table, "encode_number_precision", call => call.Return(IntegerOption(call, ref options.NumberPrecision, 1, 14)));
        runtime.Register(table, "encode_keep_buffer", call => call.Return(BooleanOption(call, ref options.KeepBuffer)));
        runtime.Register(table, "encode_invalid_numbers", call => EncodeInvalidNumbers(call, options));
        runtime.Register(table, "decode_invalid_numbers", call => call.Return(BooleanOption(call, ref options.DecodeInvalid)));
        runtime.Register(table, "new", static call => call.Return(NewModule(call.Runtime)));
        table["null"] = Null;
        table["_NAME"] = LuaValue.Of("cjson");
        table["_VERSION"] = LuaValue.Of("2.1.0");
        return table;
    }

    private static int Encode(LuaCall call, JsonOptions options)
    {
        if (call.Count != 1) throw call.ArgumentError(0, "expected 1 argument");
        var output = new ByteBuffer(call.Runtime.Meter);
        new JsonEncoder(call, options, output).Encode(call[0], depth: 0);
        return call.Return(output.ToLuaString());
    }

    private static int Decode(LuaCall call, JsonOptions options)
    {
        if (call.Count != 1) throw call.ArgumentError(0, "expected 1 argument");
        var text = call.CheckString(0).Bytes;
        if (text.Length >= 2 && (text[0] == 0 || text[1] == 0)) throw call.Error("JSON parser does not support UTF-16 or UTF-32");
        return call.Return(new JsonDecoder(call, options, text).DecodeAll());
    }

    private static void CheckArguments(LuaCall call, int max)
    {
        if (call.Count > max) throw call.ArgumentError(max, "found too many arguments");
    }

    private static LuaValue IntegerOption(LuaCall call, ref int option, int min, int max, int index = 0)
    {
        if (index == 0) CheckArguments(call, 1);
        if (!call.IsMissingOrNil(index))
        {
            var value = (int)call.CheckInteger(index);
            if (value < min || value > max) throw call.ArgumentError(index, $"expected integer between {min} and {max}");
            option = value;
        }
        return option;
    }

    private static LuaValue BooleanOption(LuaCall call, ref bool option, int index = 0)
    {
        if (index == 0) CheckArguments(call, 1);
        if (!call.IsMissingOrNil(index))
        {
            if (call[index].IsBoolean) option = !call[index].IsFalsy;
            else option = ReadChoice(call, index, ["off", "on"]) == 1;
        }
        return option;
    }

    private static int ReadChoice(LuaCall call, int index, string[] choices)
    {
        var text = call.CheckString(index).ToString();
        var choice = Array.IndexOf(choices, text);
        return choice >= 0 ? choice : throw call.ArgumentError(index, $"invalid option '{text}'");
    }

    private static int SparseArray(LuaCall call, JsonOptions options)
    {
        CheckArguments(call, 3);
        var convert = options.SparseConvert;
        if (!call.IsMissingOrNil(0))
        {
            if (!call[0].IsBoolean) convert = ReadChoice(call, 0, ["off", "on"]) == 1;
            else convert = !call[0].IsFalsy;
        }
        options.SparseConvert = convert;
        call.Push(convert);
        call.Push(IntegerOption(call, ref options.SparseRatio, 0, int.MaxValue, 1));
        call.Push(IntegerOption(call, ref options.SparseSafe, 0, int.MaxValue, 2));
        return 3;
    }

    private static int EncodeInvalidNumbers(LuaCall call, JsonOptions options)
    {
        CheckArguments(call, 1);
        if (!call.IsMissingOrNil(0))
        {
            if (call[0].IsBoolean) options.EncodeInvalid = call[0].IsFalsy ? InvalidNumbers.Refuse : InvalidNumbers.Allow;
            else options.EncodeInvalid = (InvalidNumbers)ReadChoice(call, 0, ["off", "on", "null"]);
        }
        return call.Return(options.EncodeInvalid == InvalidNumbers.Null ? LuaValue.Of("null") : options.EncodeInvalid == InvalidNumbers.Allow);
    }
}
