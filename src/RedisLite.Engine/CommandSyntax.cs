namespace RedisLite.Engine;

internal enum ArgumentType : byte { String, Integer, Double, Key, Pattern, UnixTime, PureToken, OneOf, Block }

/// <summary>One node of the argument tree that COMMAND DOCS shows.</summary>
internal sealed class CommandArgument(string name, ArgumentType type)
{
    private readonly string shownAs = name;

    public string Name { get => field ?? shownAs; set; }

    public ArgumentType Type { get; } = type;

    /// <summary>What COMMAND DOCS has a syntax line show: the name before a label changed it; OneOf and Block have none.</summary>
    public string? DisplayText => Type switch
    {
        ArgumentType.OneOf or ArgumentType.Block => null,
        ArgumentType.PureToken => Name,
        _ => shownAs,
    };

    /// <summary>The word that introduces the argument, or is it.</summary>
    public string? Token { get; set; }

    /// <summary>The key spec that finds this argument; -1 = none.</summary>
    public int KeySpecIndex { get; set; } = -1;

    public string? Since { get; set; }

    public bool Optional { get; set; }

    public bool Multiple { get; set; }

    /// <summary>When repeated, the token is repeated too.</summary>
    public bool MultipleToken { get; set; }

    public CommandArgument[] Arguments { get; init; } = [];

    /// <summary>The names of its flags, in COMMAND DOCS' order.</summary>
    public string[] Flags
    {
        get
        {
            var flags = new List<string>();
            if (Optional) flags.Add("optional");
            if (Multiple) flags.Add("multiple");
            if (MultipleToken) flags.Add("multiple_token");
            return flags.ToArray();
        }
    }

    /// <summary>As a plain syntax line would show it, without the token.</summary>
    public string Plain => Type is ArgumentType.OneOf or ArgumentType.Block
        ? string.Join(Type == ArgumentType.OneOf ? " | " : " ", Arguments.Select(a => a.PlainWithToken))
        : Type == ArgumentType.PureToken ? Token! : DisplayText!;

    public string PlainWithToken => Token is null || Type == ArgumentType.PureToken ? Plain : $"{Token} {Plain}";
}

/// <summary>
/// The notation of a command's arguments: one line that reads like any Redis syntax line and still says all that COMMAND DOCS must know.
/// Parsed only when somebody asks.
/// <code>
/// key                      an argument; its type follows from its name (see Vocabulary) or from a suffix: timeout:double
/// NX                       a token: no lower-case letters. Before an argument or a &lt;group&gt; it belongs to that: EX seconds
/// [x]                      x is optional
/// &lt;name: a | b&gt;            one of; in square brackets the choice is optional: [condition: NX | XX]
/// &lt;name: a b&gt;              a block of arguments that go together
/// &lt;name: a&gt;                just another name for a, which is still shown as a
/// x [x ...]                x may be repeated; so may a block: &lt;data: field value [field value ...]&gt;
/// GET x [GET x ...]        repeated with its token
/// &lt;...&gt; [...]              the same where writing it out again would only tire the reader
/// GET@6.2.0, [..]@6.2.0    since that version
/// pattern#1                found by key spec 1; a key without it takes the next one
/// ""                       the empty token
/// </code>
/// </summary>
internal static class CommandSyntax
{
    /// <summary>Names that mean the same type everywhere. All others are strings unless a suffix says otherwise.</summary>
    private static readonly Dictionary<string, ArgumentType> Vocabulary = Words(
        (ArgumentType.Key, "key key1 key2 destination destkey source sourcekey newkey"),
        (ArgumentType.Integer, "count cursor numkeys index offset port weight seconds milliseconds increment-by slot start-slot end-slot client-id "
            + "numreplicas frequency destination-db config-epoch protover rank"),
        (ArgumentType.Double, "longitude latitude radius width height score"),
        (ArgumentType.Pattern, "pattern"),
        (ArgumentType.UnixTime, "unix-time-seconds unix-time-milliseconds"));

    private static readonly Dictionary<string, ArgumentType> Suffixes = new()
    {
        ["string"] = ArgumentType.String,
        ["int"] = ArgumentType.Integer,
        ["double"] = ArgumentType.Double,
        ["key"] = ArgumentType.Key,
        ["pattern"] = ArgumentType.Pattern,
        ["unix-time"] = ArgumentType.UnixTime,
    };

    /// <summary>The name of a type as COMMAND DOCS writes it.</summary>
    public static string NameOf(ArgumentType type) => type switch
    {
        ArgumentType.String => "string",
        ArgumentType.Integer => "integer",
        ArgumentType.Double => "double",
        ArgumentType.Key => "key",
        ArgumentType.Pattern => "pattern",
        ArgumentType.UnixTime => "unix-time",
        ArgumentType.PureToken => "pure-token",
        ArgumentType.OneOf => "oneof",
        _ => "block",
    };

    public static CommandArgument[] Parse(string syntax)
    {
        var parser = new Parser(syntax);
        return parser.ParseAll();
    }

    private static Dictionary<string, ArgumentType> Words(params (ArgumentType Type, string Names)[] groups)
    {
        var words = new Dictionary<string, ArgumentType>();
        foreach (var (type, names) in groups)
        {
            foreach (var name in names.Split(' ')) words.Add(name, type);
        }
        return words;
    }

    private sealed class Parser(string text)
    {
        private int position;
        private int nextKeySpec;

        public CommandArgument[] ParseAll()
        {
            var arguments = Sequence(out var allMultiple);
            if (allMultiple || position < text.Length) throw Bad("a stray bracket, bar or repetition");
            return arguments.ToArray();
        }

        private List<CommandArgument> Sequence(out bool allMultiple)
        {
            var items = new List<CommandArgument>();
            allMultiple = false;
            while (Peek() is var next and not ('\0' or '|' or ']' or '>'))
            {
                if (allMultiple) throw Bad("something behind the repetition of a block");
                if (next == '[' && TryRepetition(out var repeated)) allMultiple = Repeat(items, repeated);
                else items.Add(next is '[' or '<' ? Group() : Word());
            }
            if (items.Count == 0 && position < text.Length) throw Bad("an empty group");
            return items;
        }

        private CommandArgument Group()
        {
            var optional = text[position++] == '[';
            var label = Label();
            var items = Sequence(out var allMultiple);
            var isChoice = Peek() == '|';
            if (isChoice && items.Count != 1) throw Bad("an alternative is one argument; several need a <block: ...>");
            while (Peek() == '|')
            {
                position++;
                var alternative = Sequence(out var stray);
                if (alternative.Count != 1 || stray) throw Bad("an alternative is one argument; several need a <block: ...>");
                items.Add(alternative[0]);
            }
            if (Peek() != (optional ? ']' : '>')) throw Bad("a missing bracket");
            position++;

            CommandArgument group;
            if (isChoice || items.Count > 1)
            {
                group = new CommandArgument(label ?? throw Bad("a group without a name"), isChoice ? ArgumentType.OneOf : ArgumentType.Block)
                {
                    Arguments = items.ToArray(),
                };
            }
            else
            {
                group = items[0];
                if (label is not null) group.Name = label;
            }

            if (allMultiple) group.Multiple = true;
            if (optional) group.Optional = true;
            if (position < text.Length && text[position] is '@') (_, group.Since, _) = Suffix(ReadWord());
            return group;
        }

        private CommandArgument Word()
        {
            var (word, since, keySpec) = Suffix(ReadWord());
            if (!IsToken(word)) return Argument(word, since, keySpec);

            var token = word == "\"\"" ? "" : word;
            var next = Peek();
            if (since is null && (next == '<' || (next is not ('\0' or '|' or '[' or ']' or '>') && !IsToken(PeekWord()))))
            {
                var argument = next == '<' ? Group() : Word();
                if (argument.Token is not null) throw Bad("two tokens for one argument");
                argument.Token = token;
                return argument;
            }
            return new CommandArgument(token.ToLowerInvariant(), ArgumentType.PureToken) { Token = token, Since = since };
        }

        private CommandArgument Argument(string word, string? since, int? keySpec)
        {
            var type = Vocabulary.GetValueOrDefault(word);
            var colon = word.LastIndexOf(':');
            if (colon > 0 && Suffixes.TryGetValue(word[(colon + 1)..], out var stated))
            {
                type = stated;
                word = word[..colon];
            }

            var argument = new CommandArgument(word, type) { Since = since };
            if (keySpec is int given) argument.KeySpecIndex = given;
            else if (type == ArgumentType.Key) argument.KeySpecIndex = nextKeySpec;
            if (argument.KeySpecIndex >= 0) nextKeySpec = Math.Max(nextKeySpec, argument.KeySpecIndex + 1);
            return argument;
        }

        /// <summary>Marks what "[x ...]" repeats: the last argument, with or without its token, or all of the group (then true).</summary>
        private bool Repeat(List<CommandArgument> items, string repeated)
        {
            if (items.Count == 0) throw Bad("a repetition of nothing");
            var last = items[^1];
            if (last.Token is not null && repeated == last.PlainWithToken) last.Multiple = last.MultipleToken = true;
            else if (repeated.Length == 0 || repeated == last.Plain) last.Multiple = true;
            else if (items.Count > 1 && repeated == string.Join(' ', items.Select(i => i.PlainWithToken))) return true;
            else throw Bad($"a repetition of something else: {repeated}");
            return false;
        }

        private bool TryRepetition(out string repeated)
        {
            var end = text.IndexOf(']', position);
            var inside = end < 0 ? "" : text[(position + 1)..end].Trim();
            var isRepetition = inside.EndsWith("...", StringComparison.Ordinal) && !inside.Contains('[');
            repeated = isRepetition ? inside[..^3].TrimEnd() : "";
            if (isRepetition) position = end + 1;
            return isRepetition;
        }

        private string? Label()
        {
            if (Peek() is '[' or '<') return null;
            var start = position;
            var word = ReadWord();
            if (word.Length > 1 && word.EndsWith(':')) return word[..^1];
            position = start;
            return null;
        }

        /// <summary>Takes "@since" and "#spec" off a word.</summary>
        private (string Word, string? Since, int? KeySpec) Suffix(string word)
        {
            string? since = null;
            int? keySpec = null;
            if (word.LastIndexOf('@') is var at and >= 0)
            {
                since = word[(at + 1)..];
                word = word[..at];
            }
            if (word.LastIndexOf('#') is var hash and > 0)
            {
                keySpec = int.Parse(word.AsSpan(hash + 1));
                word = word[..hash];
            }
            return (word, since, keySpec);
        }

        private static bool IsToken(string word)
        {
            foreach (var c in word)
            {
                if (char.IsAsciiLetterLower(c)) return false;
            }
            return true;
        }

        private char Peek()
        {
            while (position < text.Length && text[position] == ' ') position++;
            return position < text.Length ? text[position] : '\0';
        }

        private string PeekWord()
        {
            var start = position;
            var word = ReadWord();
            position = start;
            return word;
        }

        private string ReadWord()
        {
            Peek();
            var start = position;
            while (position < text.Length && text[position] is not (' ' or '[' or ']' or '<' or '>' or '|')) position++;
            return text[start..position];
        }

        private FormatException Bad(string what) => new($"Command syntax at {position}: {what}: {text}");
    }
}
