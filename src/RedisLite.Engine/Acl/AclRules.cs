using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using RedisLite.Engine.Config;

namespace RedisLite.Engine.Acl;

/// <summary>
/// The language of ACL rules. A rule changes a user, or one of its selectors; it comes from ACL SETUSER, a "user" line of redis.conf or a line
/// of the ACL file. The answer is null, or why the rule cannot be had, in the words that follow "Error in ACL SETUSER modifier".
/// </summary>
internal sealed class AclRules(CommandTable table, ServerConfig config)
{
    public const string UnknownCommand = "Unknown command or category name in ACL";
    private const string Syntax = "Syntax error";
    private const string BadHash = "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
    private const string NoSuchPassword = "The password you are trying to remove from the user does not exist";
    private const string SubcommandArgument = "Allowing first-arg of a subcommand is not supported";
    private const string KeysAfterAll = "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. "
        + "Try 'resetkeys' to start with an empty list of patterns";
    private const string ChannelsAfterAll = "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. "
        + "Try 'resetchannels' to start with an empty list of channels";

    private static readonly SearchValues<byte> Blanks = SearchValues.Create("\0 \t\n\v\f\r"u8);
    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Told what a rule that is taken should better not say.</summary>
    public Action<string>? Warn { get; init; }

    private bool NewSelectorsHaveAllChannels => config.AclPubsubDefault == AclPubsubDefault.Allchannels;

    public AclUser NewUser(string name) => new(name, table, NewSelectorsHaveAllChannels);

    /// <summary>Back to what a new user is.</summary>
    private void Reset(AclUser user) => user.TakeFrom(NewUser(user.Name));

    /// <summary>
    /// The words of a rule list, those of a selector together: "(+get" "~x)" is one rule. A selector without its end makes the answer null, and
    /// <paramref name="unmatched"/> tells which word began it.
    /// </summary>
    public static List<byte[]>? Join(ReadOnlySpan<byte[]> words, out int unmatched)
    {
        var rules = new List<byte[]>(words.Length);
        unmatched = 0;
        for (var i = 0; i < words.Length; i++)
        {
            var rule = words[i];
            if (rule.Length > 0 && rule[0] == '(')
            {
                var first = i;
                while (words[i].Length == 0 || words[i][^1] != ')')
                {
                    if (++i < words.Length) continue;
                    unmatched = first;
                    return null;
                }
                if (i > first) rule = JoinBytes(words[first..(i + 1)]);
            }
            rules.Add(rule);
        }
        return rules;
    }

    private static byte[] JoinBytes(ReadOnlySpan<byte[]> words)
    {
        var joined = new List<byte>(words[0]);
        foreach (var word in words[1..])
        {
            joined.Add((byte)' ');
            joined.AddRange(word);
        }
        return joined.ToArray();
    }

    public string? Apply(AclUser user, ReadOnlySpan<byte> rule)
    {
        if (rule.IsEmpty) return null;
        switch (rule[0])
        {
            case (byte)'>':
                user.AddPassword(SHA256.HashData(rule[1..]));
                return null;
            case (byte)'<':
                return user.RemovePassword(SHA256.HashData(rule[1..])) ? null : NoSuchPassword;
            case (byte)'#':
                if (!TryHash(rule[1..], out var added)) return BadHash;
                user.AddPassword(added);
                return null;
            case (byte)'!':
                if (!TryHash(rule[1..], out var removed)) return BadHash;
                return user.RemovePassword(removed) ? null : NoSuchPassword;
            case (byte)'(' when rule[^1] == ')':
                return ApplySelector(user, rule[1..^1]);
        }

        switch (Word(rule))
        {
            case "on": user.Enabled = true; return null;
            case "off": user.Enabled = false; return null;
            case "nopass": user.ClearPasswords(noPass: true); return null;
            case "resetpass": user.ClearPasswords(noPass: false); return null;
            case "sanitize-payload": user.SanitizesPayload = true; return null;
            case "skip-sanitize-payload": user.SanitizesPayload = false; return null;
            case "clearselectors": user.ClearSelectors(); return null;
            case "reset": Reset(user); return null;
            default: return Apply(user.Root, rule);
        }
    }

    private string? ApplySelector(AclUser user, ReadOnlySpan<byte> rules)
    {
        var selector = new AclSelector(table, NewSelectorsHaveAllChannels);
        if (!ConfigText.TrySplit(ConfigText.Decode(rules), out var words)) return Syntax;
        foreach (var word in words)
        {
            if (Apply(selector, ConfigText.Encode(word)) is { } error) return error;
        }
        user.AddSelector(selector);
        return null;
    }

    private string? Apply(AclSelector selector, ReadOnlySpan<byte> rule)
    {
        if (rule.IsEmpty) return null;
        switch (Word(rule))
        {
            case "allkeys" or "~*": selector.AllowAllKeys(); return null;
            case "resetkeys": selector.ResetKeys(); return null;
            case "allchannels" or "&*": selector.AllowAllChannels(); return null;
            case "resetchannels": selector.ResetChannels(); return null;
            case "allcommands" or "+@all": selector.Commands.SetAll(allow: true); return null;
            case "nocommands" or "-@all": selector.Commands.SetAll(allow: false); return null;
        }

        switch (rule[0])
        {
            case (byte)'~' or (byte)'%':
                return AddKeys(selector, rule);
            case (byte)'&':
                if (selector.AllChannels) return ChannelsAfterAll;
                if (HasBlanks(rule)) return Syntax;
                selector.AddChannels(rule[1..]);
                return null;
            case (byte)'+' or (byte)'-':
                return SetCommands(selector.Commands, LowerText(rule[1..]), allow: rule[0] == '+');
            default:
                return Syntax;
        }
    }

    /// <summary>"~pattern", or with what may be done: "%R~pattern", "%W~", "%RW~".</summary>
    private static string? AddKeys(AclSelector selector, ReadOnlySpan<byte> rule)
    {
        if (selector.AllKeys) return KeysAfterAll;
        var access = KeyAccess.Both;
        var at = 1;
        if (rule[0] == '%')
        {
            access = KeyAccess.None;
            for (; at < rule.Length && rule[at] != '~'; at++)
            {
                var one = (rule[at] | 0x20) switch { 'r' => KeyAccess.Read, 'w' => KeyAccess.Write, _ => KeyAccess.None };
                if (one == KeyAccess.None || (access & one) != 0) return Syntax;
                access |= one;
            }
            if (access == KeyAccess.None) return Syntax;
            if (at < rule.Length) at++;                                     // "%R" alone is Redis's quirk: an empty pattern
        }

        if (HasBlanks(rule)) return Syntax;
        selector.AddKeys(rule[at..], access);
        return null;
    }

    private string? SetCommands(CommandRules commands, string name, bool allow)
    {
        if (name.StartsWith('@'))
        {
            if (!AclCategories.TryParse(Encoding.Latin1.GetBytes(name, 1, name.Length - 1), out var category)) return UnknownCommand;
            commands.SetCategory(category, name[1..], allow);
            return null;
        }

        if (table.FindOriginal(name) is { } spec)
        {
            commands.SetCommand(spec, name, allow);
            return null;
        }
        return allow ? AllowFirstArgument(commands, name) : UnknownCommand;
    }

    private string? AllowFirstArgument(CommandRules commands, string name)
    {
        var bar = name.LastIndexOf('|');
        if (bar < 0 || table.FindOriginal(name[..bar]) is not { } spec) return UnknownCommand;
        if (spec.Parent is not null) return SubcommandArgument;
        if (spec.IsContainer) return UnknownCommand;
        if (bar == name.Length - 1) return Syntax;
        Warn?.Invoke("Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get disabled in the future "
            + $"(offender: +{name})");
        commands.AllowFirstArgument(spec, name[..bar], name[(bar + 1)..]);
        return null;
    }

    private static bool TryHash(ReadOnlySpan<byte> hex, out byte[] hash)
    {
        hash = new byte[SHA256.HashSizeInBytes];
        return hex.Length == 64 && !hex.ContainsAnyExcept(HexDigits)
            && Convert.FromHexString(Encoding.ASCII.GetString(hex), hash, out _, out _) == OperationStatus.Done;
    }

    /// <summary>Patterns are shown and written to files with blanks between them.</summary>
    public static bool HasBlanks(ReadOnlySpan<byte> rule) => rule.ContainsAny(Blanks);

    /// <summary>For comparison with a word; a long rule is none.</summary>
    private static string Word(ReadOnlySpan<byte> rule) => rule.Length <= 32 ? LowerText(rule) : "";

    private static string LowerText(ReadOnlySpan<byte> bytes) => string.Create(bytes.Length, bytes, static (text, bytes) =>
    {
        for (var i = 0; i < text.Length; i++) text[i] = bytes[i] is >= (byte)'A' and <= (byte)'Z' ? (char)(bytes[i] | 0x20) : (char)bytes[i];
    });
}
