using System.Runtime.CompilerServices;

namespace RedisLite.Lua;

// A Lua value in 16 bytes: an object reference that also carries the type, and the double of a number.
//
//   nil       Ref = null                      (so a fresh array is full of nil)
//   boolean   Ref = the literal TrueTag / FalseTag
//   number    Ref = the literal NumberTag, Num = the value
//   others    Ref = LuaString, LuaTable, LuaClosure, HostFunction, LuaThread, LuaUserdata
//
// The tags are string literals on purpose: literals live in the frozen heap, so the JIT compares with a constant and, above all, stores
// a number without a GC write barrier. A separate tag byte would make the struct 24 bytes; a boxed double would allocate.
internal struct LuaValue
{
    internal const string NumberTag = "number";
    internal const string TrueTag = "true";
    internal const string FalseTag = "false";

    internal object? Ref;
    internal double Num;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal LuaValue(double number)
    {
        Ref = NumberTag;
        Num = number;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private LuaValue(object? reference)
    {
        Ref = reference;
        Num = 0;
    }

    internal static LuaValue Nil => default;
    internal static LuaValue True => new((object)TrueTag);
    internal static LuaValue False => new((object)FalseTag);

    internal static LuaValue Of(bool value) => value ? True : False;
    internal static LuaValue Of(string text) => new((object)LuaString.From(text));

    public static implicit operator LuaValue(double number) => new(number);
    public static implicit operator LuaValue(bool value) => Of(value);
    public static implicit operator LuaValue(LuaString value) => new((object)value);
    public static implicit operator LuaValue(LuaTable value) => new((object)value);
    public static implicit operator LuaValue(LuaFunction value) => new((object)value);
    public static implicit operator LuaValue(LuaThread value) => new((object)value);
    public static implicit operator LuaValue(LuaUserdata value) => new((object)value);

    internal readonly bool IsNil => Ref is null;
    internal readonly bool IsNumber
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ReferenceEquals(Ref, NumberTag);
    }
    internal readonly bool IsBoolean => ReferenceEquals(Ref, TrueTag) || ReferenceEquals(Ref, FalseTag);
    internal readonly bool IsFalsy
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Ref is null || ReferenceEquals(Ref, FalseTag);
    }
    internal readonly LuaString? AsString => Ref as LuaString;
    internal readonly LuaTable? AsTable => Ref as LuaTable;
    internal readonly LuaFunction? AsFunction => Ref as LuaFunction;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetNumber(double number)
    {
        Ref = NumberTag;
        Num = number;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetBoolean(bool value) => Ref = value ? TrueTag : FalseTag;

    internal readonly LuaType Type => Ref switch
    {
        null => LuaType.Nil,
        string tag => ReferenceEquals(tag, NumberTag) ? LuaType.Number : LuaType.Boolean,
        LuaString => LuaType.String,
        LuaTable => LuaType.Table,
        LuaFunction => LuaType.Function,
        LuaThread => LuaType.Thread,
        _ => LuaType.Userdata,
    };

    internal readonly string TypeName => LuaTypes.Name(Type);

    /// <summary>Equality without metamethods.</summary>
    internal static bool RawEquals(in LuaValue a, in LuaValue b)
    {
        if (ReferenceEquals(a.Ref, b.Ref)) return !a.IsNumber || a.Num == b.Num;
        return a.Ref is LuaString x && b.Ref is LuaString y && x.ContentEquals(y);
    }

    /// <summary>The number this value is or converts to (strings convert as in Lua 5.1).</summary>
    internal readonly bool TryNumber(out double number)
    {
        number = Num;
        if (IsNumber) return true;
        return Ref is LuaString s && NumberText.TryParse(s.Bytes, out number);
    }

    /// <summary>The string this value is or, for a number, converts to.</summary>
    internal readonly LuaString? ToLuaString() => Ref as LuaString ?? (IsNumber ? NumberText.ToLuaString(Num) : null);

    public override readonly string ToString() => Ref switch
    {
        null => "nil",
        string tag when ReferenceEquals(tag, NumberTag) => NumberText.ToLuaString(Num).ToString(),
        _ => Ref.ToString() ?? "",
    };
}

internal enum LuaType : byte { Nil, Boolean, Number, String, Table, Function, Userdata, Thread }

internal static class LuaTypes
{
    private static readonly string[] Names = ["nil", "boolean", "number", "string", "table", "function", "userdata", "thread"];
    private static readonly LuaString[] NameStrings = [.. Names.Select(LuaString.From)];

    internal static string Name(LuaType type) => Names[(int)type];
    internal static LuaString NameString(LuaType type) => NameStrings[(int)type];
}
