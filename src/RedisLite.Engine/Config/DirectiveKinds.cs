using System.Globalization;

namespace RedisLite.Engine.Config;

internal sealed class BoolDirective(string name, bool defaultValue, Place<bool>? place, DirectiveFlags flags)
    : ScalarDirective(name, defaultValue ? 1 : 0, place != null, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out long value)
    {
        var isYes = words[0].Equals("yes", StringComparison.OrdinalIgnoreCase);
        value = isYes ? 1 : 0;
        return isYes || words[0].Equals("no", StringComparison.OrdinalIgnoreCase) ? null : "argument must be 'yes' or 'no'";
    }

    protected override string Format(long value) => value != 0 ? "yes" : "no";

    protected override long Load(ServerConfig config) => place!(config) ? 1 : 0;

    protected override void Store(ServerConfig config, long value) => place!(config) = value != 0;
}

/// <summary>A number whose field is as wide as its range needs.</summary>
internal abstract class NumericDirective(string name, long defaultValue, Place<int>? small, Place<long>? big, DirectiveFlags flags)
    : ScalarDirective(name, defaultValue, small != null || big != null, flags)
{
    protected override string Format(long value) => value.ToString(CultureInfo.InvariantCulture);

    protected override long Load(ServerConfig config) => small != null ? small(config) : big!(config);

    protected override void Store(ServerConfig config, long value)
    {
        if (small != null) small(config) = (int)value;
        else big!(config) = value;
    }
}

/// <summary>A whole number in a range, without units, spaces, plus signs or leading zeros.</summary>
internal sealed class NumberDirective(string name, long defaultValue, long min, long max, Place<int>? small, Place<long>? big, DirectiveFlags flags)
    : NumericDirective(name, defaultValue, small, big, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out long value)
    {
        if (!TryParseExact(words[0], out value)) return "argument couldn't be parsed into an integer";
        return value < min || value > max ? $"argument must be between {min} and {max} inclusive" : null;
    }

    public static bool TryParseExact(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
        && number.ToString(CultureInfo.InvariantCulture) == text;
}

/// <summary>File permissions, as chmod writes them.</summary>
internal sealed class OctalDirective(string name, int defaultValue, int max, Place<int> place, DirectiveFlags flags)
    : NumericDirective(name, defaultValue, place, null, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out long value)
    {
        value = 0;
        foreach (var c in words[0])
        {
            if (c is < '0' or > '7') return "argument couldn't be parsed as an octal number";
            value = Math.Min(value * 8 + (c - '0'), int.MaxValue);
        }
        return value > max ? $"argument must be between 0 and {Convert.ToString(max, 8)} inclusive" : null;
    }

    protected override string Format(long value) => Convert.ToString(value, 8);
}

/// <summary>A size in bytes, with units. With <c>unbounded</c> a size beyond the machine is the biggest one instead of an error.</summary>
internal sealed class MemoryDirective(string name, long defaultValue, long min, Place<long>? place, bool unbounded, DirectiveFlags flags)
    : NumericDirective(name, defaultValue, null, place, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out long value)
    {
        value = 0;
        if (!MemoryText.TryParse(words[0], out var bytes)) return "argument must be a memory value";
        if (bytes > long.MaxValue && unbounded) bytes = long.MaxValue;
        if (bytes > long.MaxValue || (long)bytes < min) return $"argument must be between {min} and {long.MaxValue} inclusive";
        value = (long)bytes;
        return null;
    }

    public override IEnumerable<string> Lines(ServerConfig config) => [Name + " " + MemoryText.Format(long.Parse(Report(config), CultureInfo.InvariantCulture))];
}

/// <summary>A size in bytes, or a percentage (of maxmemory), which is kept as a negative number.</summary>
internal sealed class MemoryOrPercentDirective(string name, long defaultValue, Place<long> place, DirectiveFlags flags)
    : NumericDirective(name, defaultValue, null, place, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out long value)
    {
        value = 0;
        var text = words[0];
        if (text.EndsWith('%'))
        {
            if (!NumberDirective.TryParseExact(text[..^1], out var percent) || percent < 0) return "argument must be a memory or percent value";
            value = -percent;
        }
        else
        {
            if (!MemoryText.TryParse(text, out var bytes)) return "argument must be a memory or percent value";
            value = (long)bytes;                                            // Redis's quirk: 2^63 and more is a percentage too
        }
        return value < -100 ? "percentage argument must be less or equal to 100" : null;
    }

    protected override string Format(long value) => value < 0 ? base.Format(-value) + "%" : base.Format(value);

    public override IEnumerable<string> Lines(ServerConfig config) =>
        [Name + " " + (Load(config) < 0 ? Report(config) : MemoryText.Format(Load(config)))];
}

/// <summary>One of a few words, whose order is that of the members of the enum.</summary>
internal sealed class EnumDirective(
    string name, int defaultValue, string words, Func<ServerConfig, int>? load, Action<ServerConfig, int>? store, DirectiveFlags flags)
    : ScalarDirective(name, defaultValue, load != null, flags)
{
    private readonly string[] words = words.Split(' ');

    protected override string? Parse(ReadOnlySpan<string> given, out long value)
    {
        for (value = 0; value < words.Length; value++)
            if (words[value].Equals(given[0], StringComparison.OrdinalIgnoreCase)) return null;
        return "argument(s) must be one of the following: " + string.Join(", ", words);
    }

    protected override string Format(long value) => words[value];

    protected override long Load(ServerConfig config) => load!(config);

    protected override void Store(ServerConfig config, long value) => store!(config, (int)value);
}

internal sealed class TextDirective(string name, string defaultValue, Place<string>? place, DirectiveFlags flags)
    : ObjectDirective<string>(name, defaultValue, place, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out string value)
    {
        value = words[0];
        return null;
    }

    protected override string Format(string value) => value;

    public override IEnumerable<string> Lines(ServerConfig config) =>
        Report(config) is { } text && (text.Length > 0 || !Is(DirectiveFlags.EmptyIsNone)) ? [Name + " " + ConfigText.Quote(text)] : [];
}
