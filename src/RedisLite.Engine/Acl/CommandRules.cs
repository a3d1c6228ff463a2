using System.Text;

namespace RedisLite.Engine.Acl;

/// <summary>
/// Which commands a selector allows: one bit a command, for the check, and the rules as they were given, for ACL LIST. The text is kept because
/// categories mean what they mean to the server that reads them; it is shortened only where a later rule makes an earlier one pointless:
/// "+@all" and "-@all" make all earlier rules pointless, a rule those of the same name, and one about a whole command those about its parts.
/// </summary>
internal sealed class CommandRules
{
    private readonly CommandTable table;
    private readonly ulong[] allowed;
    private List<string> rules = [];
    private Dictionary<int, byte[][]>? firstArguments;
    private bool startsFromAll;

    public CommandRules(CommandTable table)
    {
        this.table = table;
        allowed = new ulong[(table.All.Count + 63) / 64];
    }

    private CommandRules(CommandRules other)
    {
        table = other.table;
        allowed = (ulong[])other.allowed.Clone();
        rules = [.. other.rules];
        firstArguments = other.firstArguments is null ? null : new Dictionary<int, byte[][]>(other.firstArguments);
        startsFromAll = other.startsFromAll;
    }

    public CommandRules Copy() => new(this);

    /// <summary>Every command that there is.</summary>
    public bool AllowsAll
    {
        get
        {
            for (var id = 0; id < table.All.Count; id++)
            {
                if (!AllowsId(id)) return false;
            }
            return true;
        }
    }

    /// <summary>One bit; those that it denies may still be allowed with a certain first argument ("+select|0").</summary>
    public bool Allows(CommandSpec spec, RequestView request) =>
        AllowsId(spec.Id) || spec.Has(CommandFlags.NoAuth) || (firstArguments is not null && AllowsFirstArgument(spec, request));

    private bool AllowsId(int id) => (allowed[id >> 6] & (1UL << id)) != 0;

    private bool AllowsFirstArgument(CommandSpec spec, RequestView request)
    {
        if (request.Argc < 2 || !firstArguments!.TryGetValue(spec.Id, out var arguments)) return false;
        foreach (var argument in arguments)
        {
            if (System.Text.Ascii.EqualsIgnoreCase(request.Arg(1), argument)) return true;
        }
        return false;
    }

    /// <summary>+@all and -@all.</summary>
    public void SetAll(bool allow)
    {
        Array.Fill(allowed, allow ? ulong.MaxValue : 0);
        firstArguments = null;
        rules.Clear();
        startsFromAll = allow;
    }

    public void SetCategory(AclCategory category, string name, bool allow)
    {
        foreach (var spec in table.All)
        {
            if ((spec.Acl & category) != 0) Set(spec, allow);
        }
        AddRule("@" + name, allow);
    }

    public void SetCommand(CommandSpec spec, string name, bool allow)
    {
        Set(spec, allow);
        AddRule(name, allow);
    }

    /// <summary>The older way to speak of a part of a command: its first argument decides.</summary>
    public void AllowFirstArgument(CommandSpec spec, string name, string argument)
    {
        firstArguments ??= [];
        var known = firstArguments.GetValueOrDefault(spec.Id, []);
        var bytes = Encoding.Latin1.GetBytes(argument);
        if (!Array.Exists(known, one => one.AsSpan().SequenceEqual(bytes))) firstArguments[spec.Id] = [.. known, bytes];
        AddRule($"{name}|{argument}", allow: true);
    }

    private void Set(CommandSpec spec, bool allow)
    {
        if (allow) allowed[spec.Id >> 6] |= 1UL << spec.Id;
        else allowed[spec.Id >> 6] &= ~(1UL << spec.Id);
        firstArguments?.Remove(spec.Id);
        foreach (var sub in spec.Subcommands) Set(sub, allow);
    }

    private void AddRule(string name, bool allow)
    {
        rules.RemoveAll(rule => rule.AsSpan(1).StartsWith(name) && (rule.Length == name.Length + 1 || rule[name.Length + 1] == '|'));
        rules.Add((allow ? "+" : "-") + name);
    }

    public override string ToString() => (startsFromAll ? "+@all" : "-@all") + string.Concat(rules.ConvertAll(static rule => " " + rule));
}
