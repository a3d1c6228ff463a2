namespace RedisLite.Lua;

/// <summary>Every bound of the interpreter, with its reason. The first group are Lua 5.1's own and visible to scripts.</summary>
internal sealed class Limits
{
    /// <summary>Calls of Lua functions inside each other: "stack overflow".</summary>
    internal const int LuaCalls = 20_000;
    /// <summary>Host functions and metamethods inside each other, and syntax levels of a chunk: what keeps the .NET stack bounded.</summary>
    internal const int HostCalls = 200;
    internal const int Registers = 250;
    internal const int Locals = 200;
    internal const int Upvalues = 60;
    /// <summary>Values on the stack of one thread; unpack and varargs meet it first.</summary>
    internal const int StackSlots = 1_000_000;
    /// <summary>Values one call may return, push or unpack, as Lua 5.1's C stack bounds them.</summary>
    internal const int HostStackSlots = 8000;
    internal const int MetaChain = 100;
    /// <summary>Nested items of one pattern match: bounds the recursion of the matcher.</summary>
    internal const int PatternDepth = 200;
    internal const int Captures = 32;
    /// <summary>The longest string: beyond it an array of .NET would fail in a less clean way.</summary>
    internal const int StringBytes = 1 << 30;

    /// <summary>Live bytes of one runtime (strings, tables, closures, stacks), roughly counted.</summary>
    internal long MemoryBytes { get; set; } = 1L << 30;
    /// <summary>Steps (backward jumps, calls, blocks of library work) between two calls of the interrupt.</summary>
    internal int StepsPerInterrupt { get; set; } = 10_000;
    /// <summary>Steps of one pattern match before it is given up; 0 leaves it to the interrupt.</summary>
    internal long PatternSteps { get; set; } = 1_000_000_000;
}
