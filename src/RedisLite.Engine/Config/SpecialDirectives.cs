// The directives whose value is a small language of its own.
using System.Globalization;
using System.Text;
using RedisLite.Data;

namespace RedisLite.Engine.Config;

/// <summary>Save when at least <paramref name="Changes"/> changes happened within <paramref name="Seconds"/>.</summary>
internal readonly record struct SavePoint(long Seconds, int Changes);

/// <summary>Limits of the pending replies of one class of clients, in bytes; 0 = none.</summary>
internal readonly record struct OutputLimit(long Hard, long Soft, long SoftSeconds);

internal readonly record struct OutputLimits(OutputLimit Normal, OutputLimit Replica, OutputLimit Pubsub);

/// <summary>save: points add up over the lines of a file, and the first line replaces the defaults. An empty value means never.</summary>
internal sealed class SaveDirective(string name, Place<SavePoint[]> place) : Directive(name, DirectiveFlags.MultiArg | DirectiveFlags.AlwaysWritten)
{
    private static readonly SavePoint[] DefaultPoints = [new(3600, 1), new(300, 100), new(60, 10000)];

    public override string Report(ServerConfig config) => string.Join(' ', place(config).Select(p => $"{p.Seconds} {p.Changes}"));

    public override void SetDefault(ServerConfig config) => place(config) = DefaultPoints;

    public override string? Read(ServerConfig config, ReadOnlySpan<string> words)
    {
        if (words is [""]) words = [];
        if (words.Length % 2 != 0) return "Invalid save parameters";

        var points = new List<SavePoint>();
        for (var i = 0; i < words.Length; i += 2)
        {
            if (!TryNumber(words[i], out var seconds) || !TryNumber(words[i + 1], out var changes) || seconds < 1 || changes < 0)
                return "Invalid save parameters";
            points.Add(new(seconds, (int)Math.Min(changes, int.MaxValue)));
        }

        var adds = config.Loading && !config.IsAtStart(this) && words.Length > 0;
        place(config) = adds ? [.. place(config), .. points] : [.. points];
        return null;
    }

    private static bool TryNumber(string word, out long number)
    {
        number = 0;
        return word.Length == 0 || long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    public override IEnumerable<string> Lines(ServerConfig config) =>
        place(config) is { Length: > 0 } points ? points.Select(p => $"{Name} {p.Seconds} {p.Changes}") : [Name + " \"\""];
}

/// <summary>client-output-buffer-limit: class hard soft seconds, for as many classes as are named.</summary>
internal sealed class OutputLimitsDirective(string name, Place<OutputLimits> place) : Directive(name, DirectiveFlags.MultiArg)
{
    public override string Report(ServerConfig config)
    {
        var limits = place(config);
        return $"normal {Words(limits.Normal)} slave {Words(limits.Replica)} pubsub {Words(limits.Pubsub)}";
    }

    private static string Words(OutputLimit limit) => $"{limit.Hard} {limit.Soft} {limit.SoftSeconds}";

    private string Line(string client, OutputLimit limit) =>
        $"{Name} {client} {MemoryText.Format(limit.Hard)} {MemoryText.Format(limit.Soft)} {limit.SoftSeconds}";

    public override void SetDefault(ServerConfig config) =>
        place(config) = new(default, new(256 << 20, 64 << 20, 60), new(32 << 20, 8 << 20, 60));

    public override string? Read(ServerConfig config, ReadOnlySpan<string> words)
    {
        if (words.Length % 4 != 0) return "Wrong number of arguments in buffer limit configuration.";

        var limits = place(config);
        for (var i = 0; i < words.Length; i += 4)
        {
            var client = words[i].ToLowerInvariant();
            if (client is not ("normal" or "slave" or "replica" or "pubsub"))
                return "Invalid client class specified in buffer limit configuration.";
            if (!MemoryText.TryParse(words[i + 1], out var hard) || !MemoryText.TryParse(words[i + 2], out var soft)
                || !long.TryParse(words[i + 3], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
                return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";

            var limit = new OutputLimit((long)Math.Min(hard, long.MaxValue), (long)Math.Min(soft, long.MaxValue), seconds);
            limits = client switch
            {
                "normal" => limits with { Normal = limit },
                "pubsub" => limits with { Pubsub = limit },
                _ => limits with { Replica = limit },
            };
        }
        place(config) = limits;
        return null;
    }

    public override IEnumerable<string> Lines(ServerConfig config)
    {
        var limits = place(config);
        return [Line("normal", limits.Normal), Line("replica", limits.Replica), Line("pubsub", limits.Pubsub)];
    }
}

/// <summary>notify-keyspace-events: letters in, letters out in Redis's order, with A for all ten data classes.</summary>
internal sealed class KeyEventsDirective(string name, Place<NotifyClasses> place) : ScalarDirective(name, 0, hasPlace: true, default)
{
    // One letter a bit; the first eleven are classes of data, and A stands for all of them but n.
    private const string Letters = "g$lshzxetdnKEm";
    private const int DataLetters = 11;

    private static readonly NotifyClasses[] Classes =
    [
        NotifyClasses.Generic, NotifyClasses.String, NotifyClasses.List, NotifyClasses.Set, NotifyClasses.Hash, NotifyClasses.ZSet,
        NotifyClasses.Expired, NotifyClasses.Evicted, NotifyClasses.Stream, NotifyClasses.Module, NotifyClasses.New,
        NotifyClasses.Keyspace, NotifyClasses.Keyevent, NotifyClasses.KeyMiss,
    ];

    protected override string? Parse(ReadOnlySpan<string> words, out long value)
    {
        value = 0;
        foreach (var letter in words[0])
        {
            var at = Letters.IndexOf(letter, StringComparison.Ordinal);
            if (at < 0 && letter != 'A') return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
            value |= (long)(letter == 'A' ? NotifyClasses.All : Classes[at]);
        }
        return null;
    }

    protected override string Format(long value)
    {
        var classes = (NotifyClasses)value;
        var isAll = (classes & NotifyClasses.All) == NotifyClasses.All;
        var text = new StringBuilder(isAll ? "A" : "");
        // Redis's quirk: beside A the letter n is not reported.
        for (var i = isAll ? DataLetters : 0; i < Classes.Length; i++)
            if ((classes & Classes[i]) != 0) text.Append(Letters[i]);
        return text.ToString();
    }

    protected override long Load(ServerConfig config) => (long)place(config);

    protected override void Store(ServerConfig config, long value) => place(config) = (NotifyClasses)value;

    public override IEnumerable<string> Lines(ServerConfig config) => [Name + " " + ConfigText.Quote(Report(config))];
}

/// <summary>A list of words such as addresses, reported with single spaces.</summary>
internal sealed class WordsDirective(string name, string[] defaultValue, int max, string tooMany, Place<string[]> place, DirectiveFlags flags = DirectiveFlags.None)
    : ObjectDirective<string[]>(name, defaultValue, place, DirectiveFlags.MultiArg | flags)
{
    public bool SplitsAtCommas { get; init; }

    protected override string? Parse(ReadOnlySpan<string> words, out string[] value)
    {
        value = words is [""] ? [] : words.ToArray();
        if (SplitsAtCommas) value = string.Join(',', value).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words.Length > max ? tooMany : null;
    }

    protected override string Format(string[] value) => string.Join(' ', value);

    /// <summary>None for the default, as redis-server writes bind: a line that says so goes away.</summary>
    public override IEnumerable<string> Lines(ServerConfig config)
    {
        if (place(config).AsSpan().SequenceEqual(defaultValue)) return [];
        return [place(config).Length == 0 ? Name + " \"\"" : Name + " " + Report(config)];
    }

    private readonly Place<string[]> place = place;
    private readonly string[] defaultValue = defaultValue;
}

internal sealed class PercentilesDirective(string name, Place<double[]> place)
    : ObjectDirective<double[]>(name, [50, 99, 99.9], place, DirectiveFlags.MultiArg | DirectiveFlags.AlwaysWritten)
{
    protected override string? Parse(ReadOnlySpan<string> words, out double[] value)
    {
        value = words is [""] ? [] : new double[words.Length];
        for (var i = 0; i < value.Length; i++)
        {
            if (!NumberText.TryParseDouble(Encoding.UTF8.GetBytes(words[i]), out value[i])) return $"Invalid {Name} parameters";
            if (value[i] is < 0 or > 100) return Name + " parameters should sit between [0.0,100.0]";
        }
        return null;
    }

    // As INFO names them.
    protected override string Format(double[] value) =>
        string.Join(' ', value.Select(v => v.ToString("0.######", CultureInfo.InvariantCulture)));

    public override IEnumerable<string> Lines(ServerConfig config) =>
        [Report(config) is { Length: > 0 } text ? Name + " " + text : Name + " \"\""];
}

internal sealed class OomScoresDirective(string name, Place<int[]> place) : ObjectDirective<int[]>(name, [0, 200, 800], place, DirectiveFlags.MultiArg)
{
    protected override string? Parse(ReadOnlySpan<string> words, out int[] value)
    {
        value = new int[3];
        if (words.Length != value.Length) return "wrong number of arguments";
        for (var i = 0; i < value.Length; i++)
        {
            if (!TryNumber(words[i], out value[i]) || value[i] is < -2000 or > 2000)
                return $"Invalid {Name}, elements must be between -2000 and 2000.";
        }
        return null;
    }

    /// <summary>As strtoll reads it: nothing at all is zero.</summary>
    private static bool TryNumber(string word, out int number)
    {
        number = 0;
        return word.Length == 0
            || int.TryParse(word, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out number);
    }

    protected override string Format(int[] value) => string.Join(' ', value);
}

/// <summary>shutdown-on-sigterm and -sigint: any of the words together, except save with nosave.</summary>
internal sealed class ShutdownDirective(string name, Place<ShutdownOptions> place)
    : ScalarDirective(name, (long)ShutdownOptions.Default, hasPlace: true, DirectiveFlags.MultiArg)
{
    private static readonly string[] Words = ["default", "save", "nosave", "now", "force"];
    private static readonly ShutdownOptions[] Options =
        [ShutdownOptions.Default, ShutdownOptions.Save, ShutdownOptions.NoSave, ShutdownOptions.Now, ShutdownOptions.Force];

    protected override string? Parse(ReadOnlySpan<string> words, out long value)
    {
        var options = ShutdownOptions.Default;
        value = 0;
        if (words.IsEmpty) return Refusal;
        foreach (var word in words)
        {
            var at = Array.IndexOf(Words, word.ToLowerInvariant());
            if (at < 0) return Refusal;
            options |= Options[at];
        }
        value = (long)options;
        return (options & ShutdownOptions.Save) != 0 && (options & ShutdownOptions.NoSave) != 0
            ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
            : null;
    }

    private static string Refusal => "argument(s) must be one of the following: " + string.Join(", ", Words);

    protected override string Format(long value)
    {
        var text = new StringBuilder();
        for (var i = 1; i < Words.Length; i++)
            if (((ShutdownOptions)value & Options[i]) != 0) text.Append(text.Length == 0 ? "" : " ").Append(Words[i]);
        return text.Length == 0 ? Words[0] : text.ToString();
    }

    protected override long Load(ServerConfig config) => (long)place(config);

    protected override void Store(ServerConfig config, long value) => place(config) = (ShutdownOptions)value;
}

/// <summary>replicaof host port, or "no one". Changed at run time by the command of that name, never by CONFIG SET.</summary>
internal sealed class ReplicaOfDirective(string name, Place<PrimaryAddress?> place)
    : ObjectDirective<PrimaryAddress?>(name, null, place, DirectiveFlags.Immutable | DirectiveFlags.MultiArg)
{
    protected override string? Parse(ReadOnlySpan<string> words, out PrimaryAddress? value)
    {
        value = null;
        if (words.Length != 2) return "wrong number of arguments";
        if (words[0].Equals("no", StringComparison.OrdinalIgnoreCase) && words[1].Equals("one", StringComparison.OrdinalIgnoreCase)) return null;
        if (!int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535) return "Invalid master port";
        value = new(words[0], port);
        return null;
    }

    public override IEnumerable<string> Lines(ServerConfig config) => Report(config) is { Length: > 0 } address ? [Name + " " + address] : [];

    protected override string Format(PrimaryAddress? value) => value == null ? "" : $"{value.Host} {value.Port}";
}
