using RedisLite.Server.Transports;
using Xunit;

namespace RedisLite.Tests.Server;

public class CpuTimesTests
{
    [Fact]
    public void What_a_thread_computes_counts_for_it_and_for_its_process()
    {
        if (!OperatingSystem.IsLinux()) return;
        var thread = Sum(ofThread: true);
        var process = Sum(ofThread: false);
        var work = 1u;
        for (var i = 0; i < 100_000_000 && Sum(ofThread: true) - thread < 0.02; i++) work = work * 1664525 + (uint)i;
        Assert.True(Sum(ofThread: true) - thread >= 0.02, $"{work}");
        Assert.True(Sum(ofThread: false) - process >= 0.02);
    }

    private static double Sum(bool ofThread)
    {
        var (system, user) = LinuxCalls.CpuSeconds(ofThread);
        return system + user;
    }
}
