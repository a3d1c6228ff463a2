using System.Globalization;
using RedisLite.Testing;

namespace RedisLite.SystemTests;

/// <summary>redis-benchmark finds a server it can work with, in every way it is usually called.</summary>
public sealed class RedisBenchmarkTests(RedisBenchmarkTests.Fixture fixture) : IClassFixture<RedisBenchmarkTests.Fixture>
{
    [Theory]
    [InlineData("-t ping,set,get,incr,hset,mset -n 20000 -c 20", 7)]
    [InlineData("-t set,get -n 50000 -P 16 -r 100000", 2)]
    [InlineData("-t set,get -n 50000 -P 64 -c 100 -d 1000", 2)]
    [InlineData("-t get -n 5000 -k 0 -c 10", 1)]
    [InlineData("-n 20000 -P 8 -r 1000 HSET h:__rand_int__ field __rand_int__", 1)]
    [InlineData("-t set,get -n 20000 -3", 2)]
    [InlineData("-t set -n 20000 --threads 2", 1)]
    public void A_run_reports_a_rate_for_each_test_and_no_error(string arguments, int tests)
    {
        var run = ToolRun.Of("redis-benchmark", ["-p", fixture.Server.Port.ToString(), "--csv", .. arguments.Split(' ')], limit: TimeSpan.FromSeconds(100));
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("rror", run.Errors, StringComparison.Ordinal);
        var rates = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith('"')).Skip(1).Select(line => line.Split(',')[1].Trim('"')).ToList();
        Assert.Equal(tests, rates.Count);
        Assert.All(rates, rate => Assert.True(double.Parse(rate, CultureInfo.InvariantCulture) > 0, run.Output));
    }

    [Fact]
    public void The_keys_it_writes_are_there()
    {
        using var client = fixture.Server.Connect();
        client.Call("FLUSHALL");
        var run = ToolRun.Of("redis-benchmark", ["-p", fixture.Server.Port.ToString(), "-q", "-n", "20000", "-P", "16", "-c", "4", "INCR", "total"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("$5\r\n20000\r\n", client.Text("GET", "total"));
    }

    public sealed class Fixture : IDisposable
    {
        public ServerProcess Server { get; } = new();

        public void Dispose() => Server.Dispose();
    }
}
