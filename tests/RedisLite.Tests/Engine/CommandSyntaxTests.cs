using RedisLite.Engine;
using Xunit;

namespace RedisLite.Tests.Engine;

public class CommandSyntaxTests
{
    /// <summary>One line a tree: name:type='token'#spec@since, o/m/t for the flags, children in parentheses.</summary>
    private static string Show(CommandArgument[] arguments) => string.Join(' ', arguments.Select(a =>
        a.Name + (a.DisplayText is { } shown && shown != a.Name ? "/" + shown : "") + ":" + CommandSyntax.NameOf(a.Type)
        + (a.Token is null ? "" : $"='{a.Token}'") + (a.KeySpecIndex < 0 ? "" : "#" + a.KeySpecIndex) + (a.Since is null ? "" : "@" + a.Since)
        + (a.Optional ? "?" : "") + (a.Multiple ? "+" : "") + (a.MultipleToken ? "t" : "")
        + (a.Arguments.Length == 0 ? "" : $"({Show(a.Arguments)})")));

    [Theory]
    [InlineData("", "")]
    [InlineData("key value", "key:key#0 value:string")]
    [InlineData("key element [element ...]", "key:key#0 element:string+")]
    [InlineData("key [count@6.2.0]", "key:key#0 count:integer@6.2.0?")]
    [InlineData("destination numkeys key [key ...]", "destination:key#0 numkeys:integer key:key#1+")]
    [InlineData("key1 key2#0", "key1:key#0 key2:key#0")]
    [InlineData("[NX] [COUNT count]", "nx:pure-token='NX'? count:integer='COUNT'?")]
    [InlineData("[condition: NX | XX]@7.0.0", "condition:oneof@7.0.0?(nx:pure-token='NX' xx:pure-token='XX')")]
    [InlineData("<where: LEFT | RIGHT> x", "where:oneof(left:pure-token='LEFT' right:pure-token='RIGHT') x:string")]
    [InlineData("[LIMIT <limit: offset count>]", "limit:block='LIMIT'?(offset:integer count:integer)")]
    [InlineData("[limit: LIMIT offset count]", "limit:block?(offset:integer='LIMIT' count:integer)")]
    [InlineData("<data: field value [field value ...]>", "data:block+(field:string value:string)")]
    [InlineData("<data: field value [value ...]>", "data:block(field:string value:string+)")]
    [InlineData("[by: BY pattern#1] [get: GET pattern#1 [GET pattern ...]]", "by/pattern:pattern='BY'#1? get/pattern:pattern='GET'#1?+t")]
    [InlineData("[PREFIX prefix [prefix ...]]", "prefix:string='PREFIX'?+")]
    [InlineData("[<what: a | b c:int>...]", null)]
    [InlineData("[<what: a | b> [...]]", "what:oneof?+(a:string b:string)")]
    [InlineData("[sorting: ALPHA] NO ONE", "sorting:pure-token='ALPHA'? no:pure-token='NO' one:pure-token='ONE'")]
    [InlineData("<empty: \"\"> <equal: = >", "empty:pure-token='' equal:pure-token='='")]
    [InlineData("ip:port timeout:double", "ip:port:string timeout:double")]
    public void Notation_says(string syntax, string? tree)
    {
        if (tree is null) Assert.Throws<FormatException>(() => CommandSyntax.Parse(syntax));
        else Assert.Equal(tree, Show(CommandSyntax.Parse(syntax)));
    }

    [Theory]
    [InlineData("<a b>")]
    [InlineData("[a | b]")]
    [InlineData("<x: a")]
    [InlineData("a]")]
    [InlineData("a | b")]
    [InlineData("<x: | a>")]
    [InlineData("[]")]
    [InlineData("[a ...]")]
    [InlineData("a [b ...]")]
    [InlineData("<x: a b | c>")]
    public void Bad_notation_is_refused(string syntax) => Assert.Throws<FormatException>(() => CommandSyntax.Parse(syntax));
}
