namespace RedisLite.Lua;

/// <summary>
/// What a host function sees: its arguments (0-based here, 1-based in messages) and its results. Cheap to pass, valid during the call.
/// </summary>
internal readonly struct LuaCall(LuaThread thread, int first, int count)
{
    internal const int Yield = -1;

    internal LuaThread Thread => thread;
    internal LuaRuntime Runtime => thread.Runtime;
    internal int Base => first;
    internal int Count => count;

    /// <summary>An argument; nil beyond the last.</summary>
    internal LuaValue this[int index] => (uint)index < (uint)count ? thread.Stack[first + index] : default;

    internal bool IsMissing(int index) => index >= count;
    internal bool IsMissingOrNil(int index) => index >= count || thread.Stack[first + index].IsNil;

    // ---- results

    internal void Push(in LuaValue value) => thread.Push(value);

    internal int Return(in LuaValue value)
    {
        thread.Push(value);
        return 1;
    }

    internal int Return(in LuaValue a, in LuaValue b)
    {
        thread.Push(a);
        thread.Push(b);
        return 2;
    }

    /// <summary>A new string of these bytes, charged to the memory limit.</summary>
    internal int ReturnBytes(ReadOnlySpan<byte> bytes) => Return(thread.Runtime.NewString(bytes));

    // ---- arguments with the errors of Lua

    internal LuaValue CheckAny(int index) => index < count ? thread.Stack[first + index] : throw ArgumentError(index, "value expected");

    internal LuaTable CheckTable(int index) => this[index].Ref as LuaTable ?? throw TypeError(index, "table");

    internal LuaFunction CheckFunction(int index) => this[index].Ref as LuaFunction ?? throw TypeError(index, "function");

    internal double CheckNumber(int index) => this[index].TryNumber(out var number) ? number : throw TypeError(index, "number");

    internal double OptionalNumber(int index, double fallback) => IsMissingOrNil(index) ? fallback : CheckNumber(index);

    /// <summary>A number cut to 32 bits the way the reference does it.</summary>
    internal int CheckInt(int index) => (int)ToInteger(CheckNumber(index));

    internal long CheckInteger(int index) => ToInteger(CheckNumber(index));

    internal long OptionalInteger(int index, long fallback) => IsMissingOrNil(index) ? fallback : CheckInteger(index);

    internal LuaString CheckString(int index)
    {
        var value = this[index];
        return value.Ref as LuaString ?? value.ToLuaString() ?? throw TypeError(index, "string");
    }

    internal LuaString? OptionalString(int index) => IsMissingOrNil(index) ? null : CheckString(index);

    internal static long ToInteger(double number) => double.ConvertToIntegerNative<long>(number);

    // ---- errors, to be thrown

    internal LuaError Error(string message) => LuaErrors.Host(thread, message);

    internal LuaError TypeError(int index, string expected) =>
        ArgumentError(index, $"{expected} expected, got {(index < count ? this[index].TypeName : "no value")}");

    internal LuaError ArgumentError(int index, string message)
    {
        var name = LuaErrors.CalledName(thread);
        var number = index + 1;
        if (name.Kind == NameKind.Method)
        {
            number--;
            if (number == 0) return Error($"calling '{name.Name}' on bad self ({message})");
        }
        return Error($"bad argument #{number} to '{name.Name?.ToString() ?? "?"}' ({message})");
    }
}
