using System.Runtime.CompilerServices;
using RedisLite.Lua;
using RedisLite.Protocol;

namespace RedisLite.Engine.Scripting;

/// <summary>
/// What a script returns, as a reply. Numbers lose their fraction, nil and false are null, a list ends at its first nil; tables with a field that names a type are
/// that type. Tables may hold themselves, so depth is bounded.
/// </summary>
internal readonly ref struct LuaToReply(ReplyWriter reply, int scriptProtocol)
{
    /// <summary>Where the reference runs out of the slots of its stack: a list takes one, a map or a set three.</summary>
    private const int DepthMax = 7995;
    private const int DepthOfList = 1;
    private const int DepthOfPairs = 3;

    public void Write(in LuaValue value, int depth = 0)
    {
        if (value.Ref is LuaString text) reply.Bulk(text.Bytes);
        else if (value.IsNumber) reply.Integer(LuaCall.ToInteger(value.Num));
        else if (value.Ref is LuaTable table) WriteTable(table, depth);
        else if (value.IsBoolean && scriptProtocol >= 3) reply.Bool(!value.IsFalsy);
        else if (value.IsBoolean && !value.IsFalsy) reply.Integer(1);
        else reply.Null();
    }

    private void WriteTable(LuaTable table, int depth)
    {
        if (depth >= DepthMax || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            reply.Error("ERR reached lua stack limit");
            return;
        }

        if (table.HashCapacity > 0 && TryWriteTyped(table, depth)) return;
        var count = 0;
        while (!table.GetInt(count + 1).IsNil) count++;
        reply.Array(count);
        for (var i = 1; i <= count; i++) Write(table.GetInt(i), depth + DepthOfList);
    }

    private bool TryWriteTyped(LuaTable table, int depth)
    {
        if (table.GetString(ReplyToLua.Err).Ref is LuaString error)
        {
            if (table.GetString(ReplyToLua.AlreadyCounted).IsFalsy) reply.Error(error.Bytes);
            else reply.ErrorAgain(error.Bytes);
            return true;
        }

        if (table.GetString(ReplyToLua.Ok).Ref is LuaString status)
        {
            reply.Simple(OneLine(status));
            return true;
        }

        var number = table.GetString(ReplyToLua.Double);
        if (number.IsNumber)
        {
            reply.Double(number.Num);
            return true;
        }

        return TryWriteAggregate(table, depth) || TryWriteText(table);
    }

    private bool TryWriteAggregate(LuaTable table, int depth)
    {
        if (table.GetString(ReplyToLua.Map).Ref is LuaTable map)
        {
            reply.Map(Count(map));
            for (var position = 0; map.EntryFrom(position, out var key, out var value); position = map.PositionAfter(key))
            {
                Write(key, depth + DepthOfPairs);
                Write(value, depth + DepthOfPairs);
            }

            return true;
        }

        if (table.GetString(ReplyToLua.Set).Ref is not LuaTable set) return false;
        reply.Set(Count(set));
        for (var position = 0; set.EntryFrom(position, out var key, out _); position = set.PositionAfter(key)) Write(key, depth + DepthOfPairs);
        return true;
    }

    private bool TryWriteText(LuaTable table)
    {
        if (table.GetString(ReplyToLua.BigNumber).Ref is LuaString digits)
        {
            reply.BigNumber(OneLine(digits));
            return true;
        }

        if (table.GetString(ReplyToLua.Verbatim).Ref is not LuaTable verbatim) return false;
        if (verbatim.GetString(ReplyToLua.Format).Ref is not LuaString format || verbatim.GetString(ReplyToLua.Text).Ref is not LuaString text) return false;
        Span<byte> three = stackalloc byte[3];
        three.Fill((byte)' ');
        format.Bytes[..Math.Min(3, format.Length)].CopyTo(three);
        reply.Verbatim(text.Bytes, three);
        return true;
    }

    private static int Count(LuaTable table)
    {
        var count = 0;
        for (var position = 0; table.EntryFrom(position, out var key, out _); position = table.PositionAfter(key)) count++;
        return count;
    }

    private static ReadOnlySpan<byte> OneLine(LuaString text)
    {
        var bytes = text.Bytes;
        if (bytes.IndexOfAny((byte)'\r', (byte)'\n') < 0) return bytes;
        var line = bytes.ToArray();
        foreach (ref var b in line.AsSpan())
        {
            if (b is (byte)'\r' or (byte)'\n') b = (byte)' ';
        }

        return line;
    }
}
