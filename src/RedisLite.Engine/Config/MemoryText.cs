using System.Globalization;

namespace RedisLite.Engine.Config;

/// <summary>Sizes as redis.conf writes them: digits and a unit, k/m/g in thousands and kb/mb/gb in powers of two.</summary>
internal static class MemoryText
{
    /// <summary>An empty text is zero and a number too big for the machine saturates: both are what redis-server does.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ulong bytes)
    {
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;

        var unit = UnitOf(text[digits..]);
        bytes = 0;
        if (unit == 0 || (digits == 0 && text.Length > 0)) return false;

        UInt128 value = 0;
        foreach (var c in text[..digits])
        {
            value = value * 10 + (uint)(c - '0');
            if (value > ulong.MaxValue) value = ulong.MaxValue;
        }
        value *= unit;
        bytes = value > ulong.MaxValue ? ulong.MaxValue : (ulong)value;
        return true;
    }

    /// <summary>The biggest unit that leaves a whole number: how CONFIG REWRITE writes sizes.</summary>
    public static string Format(long bytes)
    {
        if (bytes == 0) return "0";
        if (bytes % (1 << 30) == 0) return $"{bytes >> 30}gb";
        if (bytes % (1 << 20) == 0) return $"{bytes >> 20}mb";
        return bytes % (1 << 10) == 0 ? $"{bytes >> 10}kb" : bytes.ToString(CultureInfo.InvariantCulture);
    }

    private static ulong UnitOf(ReadOnlySpan<char> suffix)
    {
        if (suffix.Length == 0 || Is(suffix, "b")) return 1;
        if (Is(suffix, "k")) return 1000;
        if (Is(suffix, "kb")) return 1024;
        if (Is(suffix, "m")) return 1000 * 1000;
        if (Is(suffix, "mb")) return 1024 * 1024;
        if (Is(suffix, "g")) return 1000 * 1000 * 1000;
        if (Is(suffix, "gb")) return 1024 * 1024 * 1024;
        return 0;
    }

    private static bool Is(ReadOnlySpan<char> suffix, string unit) => suffix.Equals(unit, StringComparison.OrdinalIgnoreCase);
}
