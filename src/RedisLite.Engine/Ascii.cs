namespace RedisLite.Engine;

/// <summary>Letter case of command and option names: ASCII only.</summary>
internal static class Ascii
{
    /// <summary>Compare with a word that is already upper case.</summary>
    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> upper) =>
        text.Length == upper.Length && System.Text.Ascii.EqualsIgnoreCase(text, upper);
}
