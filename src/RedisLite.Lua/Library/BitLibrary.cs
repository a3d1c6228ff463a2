using System.Numerics;

namespace RedisLite.Lua.Library;

/// <summary>LuaBitOp: operations on numbers taken modulo 2^32, results signed.</summary>
internal static class BitLibrary
{
    internal static void Open(LuaRuntime runtime) => Libraries.New(runtime, "bit",
        ("tobit", static call => call.Return(Bits(call, 0))),
        ("bnot", static call => call.Return(~Bits(call, 0))),
        ("band", static call => Fold(call, static (a, b) => a & b)),
        ("bor", static call => Fold(call, static (a, b) => a | b)),
        ("bxor", static call => Fold(call, static (a, b) => a ^ b)),
        ("lshift", static call => Shift(call, static (x, n) => x << n)),
        ("rshift", static call => Shift(call, static (x, n) => (int)((uint)x >> n))),
        ("arshift", static call => Shift(call, static (x, n) => x >> n)),
        ("rol", static call => Shift(call, static (x, n) => (int)BitOperations.RotateLeft((uint)x, n))),
        ("ror", static call => Shift(call, static (x, n) => (int)BitOperations.RotateRight((uint)x, n))),
        ("bswap", static call => call.Return(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Bits(call, 0)))),
        ("tohex", ToHex));

    // Adding 2^52 + 2^51 rounds to an integer and leaves it in the low bits of the double.
    private static int Bits(LuaCall call, int index) => (int)BitConverter.DoubleToInt64Bits(call.CheckNumber(index) + 6755399441055744.0);

    private static int Fold(LuaCall call, Func<int, int, int> operation)
    {
        var result = Bits(call, 0);
        for (var i = call.Count - 1; i > 0; i--) result = operation(result, Bits(call, i));      // the last wrong argument is the one that is named
        return call.Return(result);
    }

    private static int Shift(LuaCall call, Func<int, int, int> operation)
    {
        var value = Bits(call, 0);
        return call.Return(operation(value, Bits(call, 1) & 31));
    }

    private static int ToHex(LuaCall call)
    {
        var value = (uint)Bits(call, 0);
        var digits = call.IsMissing(1) ? 8 : Bits(call, 1);
        var alphabet = digits < 0 ? "0123456789ABCDEF"u8 : "0123456789abcdef"u8;
        var count = (int)Math.Min(8, Math.Abs((long)digits));
        Span<byte> text = stackalloc byte[count];
        for (var i = count - 1; i >= 0; i--, value >>= 4) text[i] = alphabet[(int)(value & 15)];
        return call.ReturnBytes(text);
    }
}
