using System.Text;
using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>A command as COMMAND INFO and COMMAND DOCS write it.</summary>
internal static class CommandFacts
{
    /// <summary>Ten elements: the old six, then categories, tips, key specs and subcommands.</summary>
    public static void Info(ReplyWriter reply, CommandSpec spec)
    {
        reply.Array(10);
        reply.Bulk(spec.FullNameBytes);
        reply.Integer(spec.Arity);
        Words(reply, CommandFlagNames.Of(spec.Flags));
        reply.Integer(spec.FirstKey);
        reply.Integer(spec.LastKey);
        reply.Integer(spec.KeyStep);
        Words(reply, Array.ConvertAll(AclCategories.Of(spec.Acl), static name => "@" + name));

        reply.Set(spec.Tips.Length);
        foreach (var tip in spec.Tips) reply.Bulk(tip);

        reply.Set(spec.Keys.Length);
        foreach (var keys in spec.Keys) Keys(reply, keys);

        if (spec.IsContainer) reply.Array(spec.Subcommands.Length);
        else reply.Set(0);
        foreach (var sub in spec.Subcommands) Info(reply, sub);
    }

    /// <summary>The name and a map of what is known in words, as one pair of the reply's map.</summary>
    public static void Docs(ReplyWriter reply, CommandSpec spec)
    {
        reply.Bulk(spec.FullNameBytes);
        var mark = reply.DeferMap();
        var fields = 2;
        if (spec.Summary.Length > 0) fields += Text(reply, "summary", spec.Summary);
        Text(reply, "since", spec.Since);
        Text(reply, "group", spec.Group);
        if (spec.Complexity.Length > 0) fields += Text(reply, "complexity", spec.Complexity);

        if (spec.DeprecatedSince is not null || spec.Has(CommandFlags.SystemCommand)) fields += DocFlags(reply, spec);
        if (spec.DeprecatedSince is not null) fields += Text(reply, "deprecated_since", spec.DeprecatedSince);
        if (spec.ReplacedBy is not null) fields += Text(reply, "replaced_by", spec.ReplacedBy);
        if (spec.History is { Length: > 0 } history) fields += History(reply, history);

        if (spec.Syntax.Length > 0)
        {
            reply.Bulk("arguments");
            Arguments(reply, CommandSyntax.Parse(spec.Syntax));
            fields++;
        }

        if (spec.IsContainer)
        {
            reply.Bulk("subcommands");
            reply.Map(spec.Subcommands.Length);
            foreach (var sub in spec.Subcommands) Docs(reply, sub);
            fields++;
        }
        reply.EndMap(mark, fields);
    }

    /// <summary>A set of status words.</summary>
    public static void Words(ReplyWriter reply, string[] words)
    {
        reply.Set(words.Length);
        foreach (var word in words) reply.Simple(Encoding.ASCII.GetBytes(word));
    }

    private static void Keys(ReplyWriter reply, KeySpec keys)
    {
        reply.Map(3);
        reply.Bulk("flags");
        Words(reply, KeyFlagNames.Of(keys.Flags));

        reply.Bulk("begin_search");
        reply.Map(2);
        if (keys.Search == KeySearch.Index) Spec(reply, "index", ("index", keys.Index));
        else if (keys.Search == KeySearch.Unknown) Spec(reply, "unknown");
        else
        {
            Text(reply, "type", "keyword");
            reply.Bulk("spec");
            reply.Map(2);
            Text(reply, "keyword", keys.Keyword);
            reply.Bulk("startfrom");
            reply.Integer(keys.StartFrom);
        }

        reply.Bulk("find_keys");
        reply.Map(2);
        if (keys.Find == KeyFind.Range) Spec(reply, "range", ("lastkey", keys.LastKey), ("keystep", keys.Step), ("limit", keys.Limit));
        else if (keys.Find == KeyFind.KeyNum) Spec(reply, "keynum", ("keynumidx", keys.KeyNumIndex), ("firstkey", keys.FirstKey), ("keystep", keys.Step));
        else Spec(reply, "unknown");
    }

    private static void Spec(ReplyWriter reply, string type, params ReadOnlySpan<(string Name, int Value)> numbers)
    {
        Text(reply, "type", type);
        reply.Bulk("spec");
        reply.Map(numbers.Length);
        foreach (var (name, value) in numbers)
        {
            reply.Bulk(name);
            reply.Integer(value);
        }
    }

    private static int DocFlags(ReplyWriter reply, CommandSpec spec)
    {
        reply.Bulk("doc_flags");
        Words(reply, spec.DeprecatedSince is not null ? ["deprecated"] : ["syscmd"]);
        return 1;
    }

    private static int History(ReplyWriter reply, (string Version, string Change)[] history)
    {
        reply.Bulk("history");
        reply.Set(history.Length);
        foreach (var (version, change) in history)
        {
            reply.Array(2);
            reply.Bulk(version);
            reply.Bulk(change);
        }
        return 1;
    }

    private static void Arguments(ReplyWriter reply, CommandArgument[] arguments)
    {
        reply.Array(arguments.Length);
        foreach (var argument in arguments) Argument(reply, argument);
    }

    private static void Argument(ReplyWriter reply, CommandArgument argument)
    {
        var mark = reply.DeferMap();
        var fields = 2;
        Text(reply, "name", argument.Name);
        Text(reply, "type", CommandSyntax.NameOf(argument.Type));
        if (argument.DisplayText is not null) fields += Text(reply, "display_text", argument.DisplayText);
        if (argument.KeySpecIndex >= 0)
        {
            reply.Bulk("key_spec_index");
            reply.Integer(argument.KeySpecIndex);
            fields++;
        }

        if (argument.Token is not null) fields += Text(reply, "token", argument.Token);
        if (argument.Since is not null) fields += Text(reply, "since", argument.Since);
        if (argument.Flags is { Length: > 0 } flags)
        {
            reply.Bulk("flags");
            Words(reply, flags);
            fields++;
        }

        if (argument.Arguments.Length > 0)
        {
            reply.Bulk("arguments");
            Arguments(reply, argument.Arguments);
            fields++;
        }
        reply.EndMap(mark, fields);
    }

    private static int Text(ReplyWriter reply, string name, string value)
    {
        reply.Bulk(name);
        reply.Bulk(value);
        return 1;
    }
}
