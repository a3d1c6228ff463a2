namespace RedisLite.Lua.Library;

internal static class TableLibrary
{
    internal static void Open(LuaRuntime runtime) => Libraries.New(runtime, "table",
        ("concat", Concat), ("foreach", ForEach), ("foreachi", ForEachI), ("getn", static call => call.Return(call.CheckTable(0).Length)),
        ("insert", Insert), ("maxn", MaxN), ("remove", Remove), ("setn", SetN), ("sort", TableSort.Sort));

    private static int SetN(LuaCall call)
    {
        call.CheckTable(0);
        throw call.Error("'setn' is obsolete");
    }

    private static int MaxN(LuaCall call)
    {
        var table = call.CheckTable(0);
        double max = 0;
        for (var position = 0; table.EntryFrom(position, out var key, out _); position = table.PositionAfter(key))
        {
            if (key.IsNumber && key.Num > max) max = key.Num;
        }
        return call.Return(max);
    }

    /// <summary>A raw store by a library function, which respects sealed tables.</summary>
    internal static void Store(LuaCall call, LuaTable table, int index, in LuaValue value)
    {
        if (table.ReadOnly) throw LuaErrors.Runtime(call.Thread, "Attempt to modify a readonly table");
        table.SetInt(index, value);
    }

    private static int Insert(LuaCall call)
    {
        var table = call.CheckTable(0);
        var end = table.Length + 1;
        switch (call.Count)
        {
            case 2:
                Store(call, table, end, call[1]);
                return 0;
            case 3:
                var position = call.CheckInt(1);
                if (position > end) end = position;
                call.Runtime.Spend(Math.Max(0, (int)Math.Min(int.MaxValue, (long)end - position) >> 4));
                for (var i = end; i > position; i--) Store(call, table, i, table.GetInt(i - 1));
                Store(call, table, position, call[2]);
                return 0;
            default:
                throw call.Error("wrong number of arguments to 'insert'");
        }
    }

    private static int Remove(LuaCall call)
    {
        var table = call.CheckTable(0);
        var end = table.Length;
        var position = (int)call.OptionalInteger(1, end);
        if (position < 1 || position > end) return 0;
        call.Runtime.Spend((end - position) >> 4);
        var removed = table.GetInt(position);
        for (; position < end; position++) Store(call, table, position, table.GetInt(position + 1));
        Store(call, table, end, default);
        return call.Return(removed);
    }

    private static int Concat(LuaCall call)
    {
        var separator = call.OptionalString(1) ?? LuaString.Empty;
        var table = call.CheckTable(0);
        var first = (int)call.OptionalInteger(2, 1);
        var last = call.IsMissingOrNil(3) ? table.Length : call.CheckInt(3);
        var output = call.Runtime.Buffer;
        output.Clear();
        for (long i = first; i <= last; i++)
        {
            var value = table.GetInt((int)i);
            if (value.Ref is LuaString text) output.Write(text.Bytes);
            else if (value.IsNumber) output.Advance(NumberText.Write(value.Num, output.Reserve(40)));
            else throw call.Error($"invalid value ({value.TypeName}) at index {i} in table for 'concat'");
            if (i < last) output.Write(separator.Bytes);
            if ((i & 255) == 0) call.Runtime.Spend(16);
        }
        return call.Return(output.ToLuaString());
    }

    private static int ForEach(LuaCall call)
    {
        var table = call.CheckTable(0);
        var function = call.CheckFunction(1);
        for (var position = 0; table.EntryFrom(position, out var key, out var value); position = table.PositionAfter(key))
        {
            var result = call.Thread.Call(function, key, value);
            if (!result.IsNil) return call.Return(result);
        }
        return 0;
    }

    private static int ForEachI(LuaCall call)
    {
        var table = call.CheckTable(0);
        var function = call.CheckFunction(1);
        var length = table.Length;
        for (var i = 1; i <= length; i++)
        {
            var result = call.Thread.Call(function, i, table.GetInt(i));
            if (!result.IsNil) return call.Return(result);
        }
        return 0;
    }
}
