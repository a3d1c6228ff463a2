namespace RedisLite.Lua;

/// <summary>Names of the events a metatable can handle, with the bit that remembers their absence.</summary>
internal sealed class Events
{
    internal static readonly Events Index = new("__index", 1), NewIndex = new("__newindex", 2), Eq = new("__eq", 4), Len = new("__len", 8), Call = new("__call", 16);
    internal static readonly Events Add = new("__add"), Sub = new("__sub"), Mul = new("__mul"), Div = new("__div"), Mod = new("__mod"), Pow = new("__pow");
    internal static readonly Events Unm = new("__unm"), Concat = new("__concat"), Lt = new("__lt"), Le = new("__le");
    internal static readonly Events ToText = new("__tostring"), Metatable = new("__metatable"), Mode = new("__mode");
    internal static readonly Events[] Arithmetic = [Add, Sub, Mul, Div, Mod, Pow];

    internal readonly LuaString Name;
    internal readonly int Bit;

    private Events(string name, int bit = 0)
    {
        Name = LuaString.From(name);
        Bit = bit;
    }
}

/// <summary>The operations of Lua with their metamethods. The slot names the operand in error messages.</summary>
internal static class Operations
{
    internal static LuaValue Index(LuaThread thread, in LuaValue target, in LuaValue key, int slot = -1)
    {
        var current = target;
        for (var depth = 0; depth < Limits.MetaChain; depth++)
        {
            LuaValue handler;
            if (current.Ref is LuaTable table)
            {
                var value = table.Get(key);
                if (!value.IsNil || table.Metatable is not { } meta) return value;
                handler = LuaRuntime.Handler(meta, Events.Index);
                if (handler.IsNil) return default;
            }
            else
            {
                handler = thread.Runtime.Metamethod(current, Events.Index);
                if (handler.IsNil) throw LuaErrors.Type(thread, current, "index", depth == 0 ? slot : -1);
            }
            if (handler.Ref is LuaFunction) return thread.Call(handler, current, key);
            current = handler;
        }
        throw LuaErrors.Runtime(thread, "loop in gettable");
    }

    internal static void SetIndex(LuaThread thread, in LuaValue target, in LuaValue key, in LuaValue value, int slot = -1)
    {
        var current = target;
        for (var depth = 0; depth < Limits.MetaChain; depth++)
        {
            LuaValue handler;
            if (current.Ref is LuaTable table)
            {
                if (table.ReadOnly) throw LuaErrors.Runtime(thread, "Attempt to modify a readonly table");
                if (table.Metatable is not { } meta || (handler = LuaRuntime.Handler(meta, Events.NewIndex)).IsNil || !table.Get(key).IsNil)
                {
                    CheckKey(thread, key);
                    table.Set(key, value);
                    return;
                }
            }
            else
            {
                handler = thread.Runtime.Metamethod(current, Events.NewIndex);
                if (handler.IsNil) throw LuaErrors.Type(thread, current, "index", depth == 0 ? slot : -1);
            }
            if (handler.Ref is LuaFunction)
            {
                thread.Call(handler, current, key, value);
                return;
            }
            current = handler;
        }
        throw LuaErrors.Runtime(thread, "loop in settable");
    }

    /// <summary>rawset with its checks.</summary>
    internal static void RawSet(LuaThread thread, LuaTable table, in LuaValue key, in LuaValue value)
    {
        if (table.ReadOnly) throw LuaErrors.Runtime(thread, "Attempt to modify a readonly table");
        CheckKey(thread, key);
        table.Set(key, value);
    }

    private static void CheckKey(LuaThread thread, in LuaValue key)
    {
        if (key.IsNil) throw LuaErrors.Runtime(thread, "table index is nil");
        if (key.IsNumber && double.IsNaN(key.Num)) throw LuaErrors.Runtime(thread, "table index is NaN");
    }

    internal static LuaValue Arithmetic(LuaThread thread, BinaryOp op, in LuaValue a, in LuaValue b)
    {
        var isNumber = a.TryNumber(out var x);
        if (isNumber && b.TryNumber(out var y)) return new LuaValue(Lua.Arithmetic.Compute(op, x, y));
        var handler = BinaryHandler(thread, a, b, Events.Arithmetic[(int)op]);
        if (!handler.IsNil) return thread.Call(handler, a, b);
        throw isNumber ? LuaErrors.Type(thread, b, "perform arithmetic on", slot: 1) : LuaErrors.Type(thread, a, "perform arithmetic on", slot: 0);
    }

    internal static LuaValue Minus(LuaThread thread, in LuaValue a)
    {
        if (a.TryNumber(out var x)) return new LuaValue(-x);
        var handler = thread.Runtime.Metamethod(a, Events.Unm);
        if (handler.IsNil) throw LuaErrors.Type(thread, a, "perform arithmetic on", slot: 0);
        return thread.Call(handler, a, a);
    }

    internal static LuaValue Length(LuaThread thread, in LuaValue a)
    {
        if (a.Ref is LuaTable table) return new LuaValue(table.Length);   // Lua 5.1 asks no metamethod for tables
        if (a.Ref is LuaString s) return new LuaValue(s.Length);
        var handler = thread.Runtime.Metamethod(a, Events.Len);
        if (handler.IsNil) throw LuaErrors.Type(thread, a, "get length of", slot: 0);
        return thread.Call(handler, a, default);
    }

    internal static bool Equal(LuaThread thread, in LuaValue a, in LuaValue b)
    {
        if (LuaValue.RawEquals(a, b)) return true;
        LuaTable? x, y;
        if (a.Ref is LuaTable s && b.Ref is LuaTable t) (x, y) = (s.Metatable, t.Metatable);
        else if (a.Ref is LuaUserdata u && b.Ref is LuaUserdata v) (x, y) = (u.Metatable, v.Metatable);
        else return false;
        var handler = CommonHandler(x, y, Events.Eq);
        return !handler.IsNil && !thread.Call(handler, a, b).IsFalsy;
    }

    internal static bool Less(LuaThread thread, in LuaValue a, in LuaValue b)
    {
        if (a.IsNumber && b.IsNumber) return a.Num < b.Num;
        if (a.Ref is LuaString x && b.Ref is LuaString y) return LuaString.Compare(x, y) < 0;
        return CompareHandler(thread, a, b, Events.Lt) ?? throw LuaErrors.Order(thread, a, b);
    }

    internal static bool LessOrEqual(LuaThread thread, in LuaValue a, in LuaValue b)
    {
        if (a.IsNumber && b.IsNumber) return a.Num <= b.Num;
        if (a.Ref is LuaString x && b.Ref is LuaString y) return LuaString.Compare(x, y) <= 0;
        if (CompareHandler(thread, a, b, Events.Le) is { } result) return result;
        if (CompareHandler(thread, b, a, Events.Lt) is { } reversed) return !reversed;
        throw LuaErrors.Order(thread, a, b);
    }

    /// <summary>Concatenates count stack slots, right to left as metamethods see it.</summary>
    internal static LuaValue Concat(LuaThread thread, int first, int count)
    {
        if (JoinAll(thread, thread.Stack.AsSpan(first, count)) is { } joined) return joined;
        var right = thread.Stack[first + count - 1];
        for (var n = count - 2; n >= 0; n--)
        {
            var left = thread.Stack[first + n];
            var isText = left.Ref is LuaString || left.IsNumber;
            if (isText && right.ToLuaString() is { } text)
            {
                right = thread.Runtime.Join(left.ToLuaString()!, text);
                continue;
            }
            var handler = BinaryHandler(thread, left, right, Events.Concat);
            if (handler.IsNil) throw LuaErrors.Type(thread, isText ? right : left, "concatenate", isText ? n + 1 : n);
            right = thread.Call(handler, left, right);
        }
        return right;
    }

    private static LuaString? JoinAll(LuaThread thread, ReadOnlySpan<LuaValue> values)
    {
        long length = 0;
        Span<byte> text = stackalloc byte[40];
        foreach (ref readonly var value in values)
        {
            if (value.Ref is LuaString s) length += s.Length;
            else if (value.IsNumber) length += 32;
            else return null;
        }
        var meter = thread.Runtime.Meter;
        meter.Reserve(length);
        meter.Charge(Meter.StringBytes + length);
        if (length == 0) return LuaString.Empty;
        var bytes = GC.AllocateUninitializedArray<byte>((int)length);
        var position = 0;
        foreach (ref readonly var value in values)
        {
            if (value.Ref is LuaString s)
            {
                s.Bytes.CopyTo(bytes.AsSpan(position));
                position += s.Length;
                continue;
            }
            var written = NumberText.Write(value.Num, text);
            text[..written].CopyTo(bytes.AsSpan(position));
            position += written;
        }
        return position == bytes.Length ? new LuaString(bytes) : LuaString.From(bytes.AsSpan(0, position));
    }

    private static LuaValue BinaryHandler(LuaThread thread, in LuaValue a, in LuaValue b, Events name)
    {
        var handler = thread.Runtime.Metamethod(a, name);
        return handler.IsNil ? thread.Runtime.Metamethod(b, name) : handler;
    }

    private static LuaValue CommonHandler(LuaTable? x, LuaTable? y, Events name)
    {
        if (x is null || y is null) return default;
        var handler = LuaRuntime.Handler(x, name);
        if (handler.IsNil || ReferenceEquals(x, y)) return handler;
        return LuaValue.RawEquals(handler, LuaRuntime.Handler(y, name)) ? handler : default;
    }

    private static bool? CompareHandler(LuaThread thread, in LuaValue a, in LuaValue b, Events name)
    {
        if (a.Type != b.Type) return null;
        var handler = thread.Runtime.Metamethod(a, name);
        if (handler.IsNil || !LuaValue.RawEquals(handler, thread.Runtime.Metamethod(b, name))) return null;
        return !thread.Call(handler, a, b).IsFalsy;
    }
}
