// redis.conf: one directive a line, blank lines and lines that start with # mean nothing. The command line is the same language:
// it is turned into lines that come after those of the file (CommandLineOptions), so a mistake in either is reported alike.
using System.Text;
using RedisLite.Data;
using RedisLite.Engine.Acl;
using RedisLite.Persistence;

namespace RedisLite.Engine.Config;

/// <summary>A line that cannot be taken. Nothing may start with a configuration that was read in part.</summary>
internal sealed class ConfigFileException : Exception
{
    public ConfigFileException(int line, string text, string reason) : base(reason)
    {
        Line = line;
        Text = text;
    }

    public ConfigFileException(string reason) : base(reason) => Text = "";

    /// <summary>Counted from one; zero when no line is to blame.</summary>
    public int Line { get; }

    public string Text { get; }
}

internal sealed class ConfigLoader(ServerConfig config, IStorage storage)
{
    /// <summary>Files may include files; a circle ends here.</summary>
    private const int NestingMax = 16;

    /// <summary>Names that Redis accepts with one word and forgets: they meant something to earlier versions.</summary>
    private static readonly string[] Forgotten = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

    private CommandTable? commands;
    private int nesting;

    /// <summary>Reads a file (empty path = none) and then further lines, both as one text. What the defaults say, both may change.</summary>
    public void Load(string path, string furtherLines, string defaults = "")
    {
        var text = path.Length == 0 ? "" : ReadFile(path);
        if (text.Length > 0 && !text.EndsWith('\n')) text += '\n';
        config.Loading = true;
        try
        {
            LoadText(defaults);
            LoadText(text + furtherLines);
        }
        finally
        {
            config.Loading = false;
        }
        config.ConfigFile = path;
    }

    private string ReadFile(string path)
    {
        try
        {
            if (storage.ReadAll(path) is { } bytes) return ConfigText.Decode(bytes);
            throw new ConfigFileException($"Fatal error, can't open config file '{path}': No such file or directory");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigFileException($"Fatal error, can't open config file '{path}': {e.Message}");
        }
    }

    private void LoadText(string text)
    {
        var number = 0;
        foreach (var range in text.AsSpan().Split('\n'))
        {
            number++;
            var line = text.AsSpan(range).Trim(" \t\r\n");
            if (line.IsEmpty || line[0] is '#' or '\0') continue;
            if (ReadLine(line) is { } error) throw new ConfigFileException(number, line.ToString(), error);
        }
    }

    private string? ReadLine(ReadOnlySpan<char> line)
    {
        if (!ConfigText.TrySplit(line, out var words)) return "Unbalanced quotes in configuration line";
        if (words.Count == 0) return null;

        var name = words[0].ToLowerInvariant();
        var values = words.ToArray().AsSpan(1);
        if (DirectiveTable.TryFind(name, out var directive)) return config.ReadLine(directive, values);

        switch (name)
        {
            case "include" when values.Length == 1:
                return Include(values[0]);
            case "rename-command" when values.Length == 2:
                return Rename(values[0], values[1]);
            case "user" when values.Length >= 1:
                return AddUser(values.ToArray());
            case "loadmodule" when values.Length >= 1:
                return "modules are native code, which this server does not load";
            case "sentinel" when values.Length == 0:                        // on a command line it would choose a mode, in a file it says nothing
                return null;
            case "sentinel":
                return "sentinel directive while not in sentinel mode";
            default:
                if (values.Length == 0 && name.Contains('.')) return "Module config specified without value";
                return values.Length == 1 && Array.IndexOf(Forgotten, name) >= 0 ? null : "Bad directive or wrong number of arguments";
        }
    }

    /// <summary>Tried on a table of its own, so that a name that cannot be had is the error of its line.</summary>
    private string? Rename(string command, string newName)
    {
        commands ??= CommandCatalog.Create();
        if (commands.Rename(command, newName) is { } error) return error;
        config.RenamedCommands.Add((command, newName));
        return null;
    }

    /// <summary>
    /// Tried on a user that nobody gets, so that a wrong rule is the error of its line. Commands that are not known are judged when the server starts
    /// (in redis-server a module may bring them).
    /// </summary>
    private string? AddUser(string[] words)
    {
        if (config.UserLines.Exists(line => line[0] == words[0])) return Refusal(1, "Duplicate user found. A user can only be defined once in config files");
        var ruleWords = Array.ConvertAll(words[1..], static word => ConfigText.Encode(word));
        if (AclRules.Join(ruleWords, out var unmatched) is not { } userRules) return Refusal(unmatched, "Wrong format");

        commands ??= CommandCatalog.Create();
        var rules = new AclRules(commands, config);
        var trial = rules.NewUser("");
        for (var i = 0; i < userRules.Count; i++)
        {
            if (rules.Apply(trial, userRules[i]) is { } error && error != AclRules.UnknownCommand) return Refusal(i, error);
        }
        config.UserLines.Add(words);
        return null;

        // Redis's quirk: places are counted among the rules, but names are looked up in the whole line, which has two words before them.
        string Refusal(int place, string error) => $"Error in user declaration '{(place == 0 ? "user" : words[place - 1])}': {error}";
    }

    private string? Include(string path)
    {
        if (nesting == NestingMax) return $"more than {NestingMax} files include each other";
        nesting++;
        foreach (var file in Expand(path)) LoadText(ReadFile(file));
        nesting--;
        return null;
    }

    /// <summary>A pattern in the last part of a path stands for the files it matches, none being no error.</summary>
    private IEnumerable<string> Expand(string path)
    {
        if (path.AsSpan().IndexOfAny('*', '?', '[') < 0) return [path];

        var directory = Path.GetDirectoryName(path) ?? "";
        var pattern = Encoding.UTF8.GetBytes(Path.GetFileName(path));
        return storage.List(directory.Length == 0 ? "." : directory).Where(file => Matches(pattern, Path.GetFileName(file)));
    }

    private static bool Matches(byte[] pattern, string fileName) =>
        (fileName[0] != '.' || pattern[0] == '.') && Glob.IsMatch(pattern, Encoding.UTF8.GetBytes(fileName));
}
