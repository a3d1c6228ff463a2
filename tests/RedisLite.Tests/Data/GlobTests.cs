using System.Text;
using RedisLite.Data;
using Xunit;

namespace RedisLite.Tests.Data;

public class GlobTests
{
    [Theory]
    [InlineData("*", "anything", true)]
    [InlineData("*", "", false)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("h?llo", "hello", true)]
    [InlineData("h?llo", "hllo", false)]
    [InlineData("h*llo", "heeeello", true)]
    [InlineData("h*llo", "hllo", true)]
    [InlineData("h[ae]llo", "hallo", true)]
    [InlineData("h[ae]llo", "hillo", false)]
    [InlineData("h[^e]llo", "hallo", true)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("h[a-b]llo", "hbllo", true)]
    [InlineData("h[b-a]llo", "hallo", true)]
    [InlineData("h[a-b]llo", "hcllo", false)]
    [InlineData("a\\*c", "a*c", true)]
    [InlineData("a\\*c", "abc", false)]
    [InlineData("a[\\]]c", "a]c", true)]
    [InlineData("a\\", "a\\", true)]
    [InlineData("[abc", "b", true)]
    [InlineData("[a-", "-", true)]
    [InlineData("[]a]", "a", false)]
    [InlineData("[^]b", "xb", true)]
    [InlineData("a**b***", "aXXb", true)]
    [InlineData("a*b*c*d", "a1b2c3d4d", true)]
    [InlineData("a*b*c*d", "a1b2c3d4", false)]
    [InlineData("foo*", "foo", true)]
    [InlineData("*foo", "barfoo", true)]
    [InlineData("*[0-9]", "a5", true)]
    [InlineData("*[0-9]", "5a", false)]
    public void Matches_as_redis_does(string pattern, string text, bool expected) =>
        Assert.Equal(expected, Glob.IsMatch(Encoding.Latin1.GetBytes(pattern), Encoding.Latin1.GetBytes(text)));

    [Theory]
    [InlineData("HeLLo*", "hEllo world", true)]
    [InlineData("[A-C]x", "bX", true)]
    [InlineData("[\\B]x", "bx", false)]
    public void Case_can_be_ignored(string pattern, string text, bool expected) =>
        Assert.Equal(expected, Glob.IsMatch(Encoding.Latin1.GetBytes(pattern), Encoding.Latin1.GetBytes(text), ignoreCase: true));

    [Fact]
    public void Many_stars_take_no_exponential_time()
    {
        var pattern = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("a*", 60)) + "b");
        var text = Encoding.Latin1.GetBytes(new string('a', 4000));
        Assert.False(Glob.IsMatch(pattern, text));
    }

    [Fact]
    public void The_budget_ends_hostile_work()
    {
        var pattern = Encoding.Latin1.GetBytes("*" + new string('a', 100_000) + "b");
        var text = Encoding.Latin1.GetBytes(new string('a', 1_000_000));
        Assert.False(Glob.IsMatch(pattern, text));
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1001, false)]
    public void More_stars_than_Redis_recurses_match_nothing(int stars, bool expected) =>
        Assert.Equal(expected, Glob.IsMatch(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*?", stars))), Encoding.ASCII.GetBytes(new string('a', stars))));
}
