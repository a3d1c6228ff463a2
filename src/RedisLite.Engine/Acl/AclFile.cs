using System.Text;
using RedisLite.Engine.Config;

namespace RedisLite.Engine.Acl;

/// <summary>
/// Users outside the server: the file that aclfile names, or "user" lines of redis.conf. A file is read as a whole or not at all, and written so that a
/// crash leaves the old one or the new one. Its lines are those of ACL LIST, words separated by single blanks; it has no comments.
/// </summary>
internal sealed class AclFile(Engine engine)
{
    private const string BothWays = "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. "
        + "This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users "
        + "directly in your redis.conf, but not both.";

    /// <summary>Users stay as they are when anything in the file is wrong.</summary>
    private const string NothingChanged = "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

    private const string Fatal = "Critical error while loading ACLs. Exiting.";

    private Accounts Accounts => engine.Accounts;

    private string Name => engine.Config.Aclfile;

    public bool IsConfigured => Name.Length > 0;

    /// <summary>At start: users of the file or of the configuration. Throws, for the server cannot start with part of its rules.</summary>
    public void LoadAtStart()
    {
        var lines = engine.Config.UserLines;
        if (!IsConfigured)
        {
            foreach (var line in lines) LoadLine(line);
            return;
        }

        if (lines.Count > 0) throw new InvalidOperationException(BothWays);
        if (Load(actor: null) is { } error) throw new InvalidOperationException("Aborting Redis startup because of ACL errors: " + error);
    }

    private void LoadLine(string[] words)
    {
        var name = ConfigText.Encode(words[0]);
        if (!Accounts.IsValidName(name)) throw new InvalidOperationException("Spaces not allowed in ACL usernames\n" + Fatal);

        var rules = AclRules.Join(Array.ConvertAll(words[1..], static word => ConfigText.Encode(word)), out _) ?? [];
        rules.Insert(0, "reset"u8.ToArray());
        if (Accounts.Draft(Encoding.Latin1.GetString(name), rules, out var rule, out var error) is not { } draft)
        {
            throw new InvalidOperationException($"Error loading ACL rule '{ConfigText.Decode(rule)}' for the user named '{words[0]}': {error}\n{Fatal}");
        }
        Accounts.Put(draft);
        if (draft.Enabled) return;
        engine.Log.Write(LogLevel.Notice, $"The user '{words[0]}' is disabled (there is no 'on' modifier in the user description). "
            + "Make sure this is not a configuration error.");
    }

    /// <summary>Null, or why the file cannot be had.</summary>
    public string? Load(Client? actor)
    {
        byte[]? content;
        try
        {
            content = engine.Environment.Storage.ReadAll(engine.Durability.PathOf(Name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"Error loading ACLs, opening file '{Name}': {e.Message}";
        }
        if (content is null) return $"Error loading ACLs, opening file '{Name}': No such file or directory";

        var errors = new StringBuilder();
        var loaded = Parse(content, errors);
        if (errors.Length > 0) return errors.Append(NothingChanged).ToString();
        Accounts.Replace(loaded, actor);
        return null;
    }

    private List<AclUser> Parse(ReadOnlySpan<byte> content, StringBuilder errors)
    {
        var loaded = new Dictionary<string, AclUser>(StringComparer.Ordinal);
        var number = 0;
        foreach (var range in content.Split((byte)'\n'))
        {
            number++;
            var line = content[range].Trim(" \t\r\n"u8);
            if (!line.IsEmpty) ParseLine(line, number, loaded, errors);
        }
        return [.. loaded.Values];
    }

    private void ParseLine(ReadOnlySpan<byte> line, int number, Dictionary<string, AclUser> loaded, StringBuilder errors)
    {
        var words = new List<byte[]>();
        foreach (var range in line.Split((byte)' ')) words.Add(line[range].ToArray());
        if (words.Count < 2 || !words[0].AsSpan().SequenceEqual("user"u8))
        {
            errors.Append($"{Name}:{number} should start with user keyword followed by the username. ");
            return;
        }

        var name = Encoding.Latin1.GetString(words[1]);
        if (!Accounts.IsValidName(words[1]))
        {
            errors.Append($"'{Name}:{number}: username '{name}' contains invalid characters. ");
            return;
        }

        var user = Accounts.Rules.NewUser(name);
        if (!loaded.TryAdd(name, user))
        {
            errors.Append($"WARNING: Duplicate user '{name}' found on line {number}. ");
            return;
        }

        if (AclRules.Join(words.ToArray().AsSpan(2), out _) is not { } rules)
        {
            errors.Append($"{Name}:{number}: Unmatched parenthesis in selector definition.");
            return;
        }

        // Every unknown command is named; of other mistakes, which may follow from each other, only the first.
        var hasMistake = false;
        foreach (var rule in rules)
        {
            var operation = rule.AsSpan().Trim("\t\r\n"u8);
            if (Accounts.Rules.Apply(user, operation) is not { } error) continue;
            var isUnknown = error == AclRules.UnknownCommand;
            if (!isUnknown && hasMistake) continue;
            hasMistake |= !isUnknown;
            errors.Append($"{Name}:{number}: ");
            if (isUnknown) errors.Append($"Error in applying operation '{Encoding.Latin1.GetString(operation)}': ");
            errors.Append(error).Append(". ");
        }
    }

    /// <summary>False: the disk refuses, and the file is as it was.</summary>
    public bool Save()
    {
        var text = string.Concat(Accounts.All.Select(static user => user + "\n"));
        try
        {
            engine.Environment.Storage.Replace(engine.Durability.PathOf(Name), Encoding.Latin1.GetBytes(text));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            engine.Log.Write(LogLevel.Warning, $"ACL SAVE failed for '{Name}': {e.Message}");
            return false;
        }
    }
}
