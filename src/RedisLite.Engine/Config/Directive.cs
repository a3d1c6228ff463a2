// A directive is one line of redis.conf: a name, how its words are read, how its value is reported, and where the value lives.
// The rows are shared by all servers of a process; the values live in each server's ServerConfig. A row that the engine acts on
// names a typed field there ("static c => ref c.Maxmemory"); a row without effect keeps only its text.
//
// A row never acts. Reading checks the words and stores the value; whoever must act on a change registers with
// ServerConfig.OnChange. So loading a file, CONFIG SET and the roll back after a failed CONFIG SET are one path.
namespace RedisLite.Engine.Config;

[Flags]
internal enum DirectiveFlags
{
    None = 0,
    Immutable = 1,              // only at start
    Sensitive = 2,              // never shown in logs, MONITOR or SLOWLOG
    Hidden = 4,                 // reported only when asked for by its full name
    Protected = 8,              // CONFIG SET only when enable-protected-configs allows it
    MultiArg = 16,              // takes several words; one word with spaces counts as several
    DenyLoading = 32,           // refused while a data file is loading
    Own = 64,                   // ours: Redis does not know it
    EmptyIsNone = 128,          // an empty text is no value, and has no line in a file
    AlwaysWritten = 256,        // CONFIG REWRITE writes it even when it is as by default
}

/// <summary>Gives the place of a value inside a server's configuration.</summary>
internal delegate ref T Place<T>(ServerConfig config);

internal abstract class Directive(string name, DirectiveFlags flags)
{
    public string Name { get; } = name;

    public DirectiveFlags Flags { get; } = flags;

    /// <summary>A second name, from before words and encodings were renamed. Both are reported.</summary>
    public string? Alias { get; init; }

    /// <summary>Why the value changes nothing here; null when it does. Shown in docs/configuration.md.</summary>
    public string? NoEffect { get; init; }

    /// <summary>The position in the table, which is the place of the text of a directive without a typed field.</summary>
    public int Index { get; set; }

    public bool Is(DirectiveFlags flag) => (Flags & flag) != 0;

    /// <summary>The value as CONFIG GET reports it.</summary>
    public abstract string Report(ServerConfig config);

    /// <summary>Reads the words of one line; null, or the reason why not.</summary>
    public abstract string? Read(ServerConfig config, ReadOnlySpan<string> words);

    public abstract void SetDefault(ServerConfig config);

    /// <summary>The value a new server reports.</summary>
    public string DefaultText => ServerConfig.Defaults.Report(this);

    /// <summary>The lines that CONFIG REWRITE writes for the present value.</summary>
    public virtual IEnumerable<string> Lines(ServerConfig config) => [Name + " " + Report(config)];

    /// <summary>CONFIG SET: one text, split at single spaces when the directive takes several words.</summary>
    public string? ReadText(ServerConfig config, string text) =>
        Is(DirectiveFlags.MultiArg) ? Read(config, text.Length == 0 ? [] : text.Split(' ')) : Read(config, [text]);

    /// <summary>A line of a file or of the command line.</summary>
    public string? ReadLine(ServerConfig config, ReadOnlySpan<string> words)
    {
        if (!Is(DirectiveFlags.MultiArg)) return words.Length == 1 ? Read(config, words) : "wrong number of arguments";
        if (words.Length != 1 || words[0].Length == 0) return Read(config, words);
        return ConfigText.TrySplit(words[0], out var parts) ? Read(config, parts.ToArray()) : Read(config, []);
    }
}

/// <summary>
/// A directive whose value is a flag, a number or one of a few words: all of them are a number on the way in and out. Not generic over
/// the type of its field on purpose: code for generics over value types is not there before it is first run, which would make up a
/// good part of the time this server takes to start.
/// </summary>
internal abstract class ScalarDirective(string name, long defaultValue, bool hasPlace, DirectiveFlags flags) : Directive(name, flags)
{
    /// <summary>Brings an accepted value into the range that is used.</summary>
    public Func<ServerConfig, long, long>? Clamp { get; init; }

    /// <summary>A file may name what is out of that range, and it is reported; only CONFIG SET brings it into the range.</summary>
    public bool KeepsFileValue { get; init; }

    protected abstract string? Parse(ReadOnlySpan<string> words, out long value);

    protected abstract string Format(long value);

    protected abstract long Load(ServerConfig config);

    protected abstract void Store(ServerConfig config, long value);

    public sealed override string Report(ServerConfig config) => hasPlace ? Format(Load(config)) : config.TextOf(this);

    public sealed override void SetDefault(ServerConfig config) => Put(config, defaultValue);

    public sealed override string? Read(ServerConfig config, ReadOnlySpan<string> words)
    {
        if (Parse(words, out var value) is { } error) return error;
        Put(config, Clamp == null || (KeepsFileValue && config.Loading) ? value : Clamp(config, value));
        return null;
    }

    private void Put(ServerConfig config, long value)
    {
        if (hasPlace) Store(config, value);
        else config.TextOf(this) = Format(value);
    }
}

/// <summary>A directive whose value is an object: a text or a list.</summary>
internal abstract class ObjectDirective<T>(string name, T defaultValue, Place<T>? place, DirectiveFlags flags) : Directive(name, flags) where T : class?
{
    /// <summary>What else the value must satisfy: the reason why not, or null.</summary>
    public Func<T, string?>? Check { get; init; }

    protected abstract string? Parse(ReadOnlySpan<string> words, out T value);

    protected abstract string Format(T value);

    public sealed override string Report(ServerConfig config) => place == null ? config.TextOf(this) : Format(place(config));

    public sealed override void SetDefault(ServerConfig config) => Put(config, defaultValue);

    public sealed override string? Read(ServerConfig config, ReadOnlySpan<string> words)
    {
        if (Parse(words, out var value) is { } error) return error;
        if (Check?.Invoke(value) is { } refusal) return refusal;
        Put(config, value);
        return null;
    }

    private void Put(ServerConfig config, T value)
    {
        if (place == null) config.TextOf(this) = Format(value);
        else place(config) = value;
    }
}
