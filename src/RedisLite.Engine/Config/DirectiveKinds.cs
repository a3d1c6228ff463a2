using System.Globalization;
using System.Numerics;

namespace RedisLite.Engine.Config;

internal sealed class BoolDirective(string name, bool defaultValue, Place<bool>? place, DirectiveFlags flags)
    : Directive<bool>(name, defaultValue, place, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out bool value)
    {
        value = words[0].Equals("yes", StringComparison.OrdinalIgnoreCase);
        return value || words[0].Equals("no", StringComparison.OrdinalIgnoreCase) ? null : "argument must be 'yes' or 'no'";
    }

    protected override string Format(bool value) => value ? "yes" : "no";
}

/// <summary>A whole number in a range, without units, spaces, plus signs or leading zeros.</summary>
internal sealed class NumberDirective<T>(string name, T defaultValue, T min, T max, Place<T>? place, DirectiveFlags flags)
    : Directive<T>(name, defaultValue, place, flags) where T : struct, IBinaryInteger<T>
{
    protected override string? Parse(ReadOnlySpan<string> words, out T value)
    {
        value = default;
        if (!TryParseExact(words[0], out var number)) return "argument couldn't be parsed into an integer";
        if (number < long.CreateChecked(min) || number > long.CreateChecked(max)) return $"argument must be between {min} and {max} inclusive";
        value = T.CreateChecked(number);
        return null;
    }

    private static bool TryParseExact(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
        && number.ToString(CultureInfo.InvariantCulture) == text;

    protected override string Format(T value) => value.ToString(null, CultureInfo.InvariantCulture);
}

/// <summary>File permissions, as chmod writes them.</summary>
internal sealed class OctalDirective(string name, int defaultValue, int max, Place<int>? place, DirectiveFlags flags)
    : Directive<int>(name, defaultValue, place, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out int value)
    {
        value = 0;
        long number = 0;
        foreach (var c in words[0])
        {
            if (c is < '0' or > '7') return "argument couldn't be parsed as an octal number";
            number = Math.Min(number * 8 + (c - '0'), int.MaxValue);
        }
        if (number > max) return $"argument must be between 0 and {Convert.ToString(max, 8)} inclusive";
        value = (int)number;
        return null;
    }

    protected override string Format(int value) => Convert.ToString(value, 8);
}

/// <summary>A size in bytes, with units. With <c>unbounded</c> a size beyond the machine is the biggest one instead of an error.</summary>
internal sealed class MemoryDirective(string name, long defaultValue, long min, Place<long>? place, bool unbounded, DirectiveFlags flags)
    : Directive<long>(name, defaultValue, place, flags)
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

    protected override string Format(long value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A size in bytes, or a percentage (of maxmemory), which is kept as a negative number.</summary>
internal sealed class MemoryOrPercentDirective(string name, long defaultValue, Place<long>? place, DirectiveFlags flags)
    : Directive<long>(name, defaultValue, place, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out long value)
    {
        value = 0;
        var text = words[0];
        if (text.EndsWith('%'))
        {
            if (!int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
                return "argument must be a memory or percent value";
            if (percent > 100) return "percentage argument must be less or equal to 100";
            value = -percent;
            return null;
        }
        if (!MemoryText.TryParse(text, out var bytes)) return "argument must be a memory or percent value";
        value = (long)Math.Min(bytes, long.MaxValue);
        return null;
    }

    protected override string Format(long value) =>
        value < 0 ? (-value).ToString(CultureInfo.InvariantCulture) + "%" : value.ToString(CultureInfo.InvariantCulture);
}

internal sealed class EnumDirective<T>(string name, T defaultValue, (string Word, T Value)[] words, Place<T>? place, DirectiveFlags flags)
    : Directive<T>(name, defaultValue, place, flags) where T : struct, Enum
{
    protected override string? Parse(ReadOnlySpan<string> given, out T value)
    {
        foreach (var (word, meaning) in words)
        {
            if (!word.Equals(given[0], StringComparison.OrdinalIgnoreCase)) continue;
            value = meaning;
            return null;
        }
        value = default;
        return "argument(s) must be one of the following: " + string.Join(", ", words.Select(w => w.Word));
    }

    protected override string Format(T value)
    {
        foreach (var (word, meaning) in words)
            if (EqualityComparer<T>.Default.Equals(meaning, value)) return word;
        throw new InvalidOperationException($"{Name} holds a value that has no word");
    }
}

internal sealed class TextDirective(string name, string defaultValue, Place<string>? place, DirectiveFlags flags)
    : Directive<string>(name, defaultValue, place, flags)
{
    protected override string? Parse(ReadOnlySpan<string> words, out string value)
    {
        value = words[0];
        return null;
    }

    protected override string Format(string value) => value;

    public override IEnumerable<string> Lines(ServerConfig config) => [Name + " " + ConfigText.Quote(Report(config))];
}
