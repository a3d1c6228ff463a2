using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

public class ClientReplyTests
{
    private readonly TestEngine _redis = new();

    [Fact]
    public void Off_silences_until_on()
    {
        Assert.Equal("", _redis.Run("CLIENT REPLY OFF"));
        Assert.Equal("", _redis.Run("SET k v"));
        Assert.Equal("OK", _redis.Run("CLIENT REPLY ON"));
        Assert.Equal("v", _redis.Run("GET k"));
    }

    [Fact]
    public void Skip_silences_one_command()
    {
        Assert.Equal("", _redis.Run("CLIENT REPLY SKIP"));
        Assert.Equal("", _redis.Run("SET k v"));
        Assert.Equal("v", _redis.Run("GET k"));
    }

    [Fact]
    public void Subscribing_is_confirmed_all_the_same()
    {
        _redis.Run("CLIENT REPLY OFF");
        Assert.Equal("[subscribe, c, 1]", _redis.Run("SUBSCRIBE c"));
        Assert.Equal("[unsubscribe, c, 0]", _redis.Run("UNSUBSCRIBE c"));
    }
}
