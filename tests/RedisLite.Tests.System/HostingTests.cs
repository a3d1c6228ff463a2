using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using RedisLite.Testing;

namespace RedisLite.SystemTests;

/// <summary>The environment, the health check, detaching, supervision: what containers and service managers rely on.</summary>
public sealed class HostingTests
{
    [Fact]
    public void The_environment_wins_over_its_defaults_and_the_file_and_loses_to_the_command_line()
    {
        using var server = new ServerWithEnvironment(
            ["REDISLITE_DEFAULTS=--timeout 1 --tcp-keepalive 1 --hz 20", "REDIS_ARGS=--timeout 2 --maxmemory 10mb", "REDIS_PASSWORD=p w"], "--maxmemory", "20mb");
        using var client = server.Connect();
        Assert.Equal("+OK\r\n", client.Text("AUTH", "p w"));
        Assert.Equal("2", client.Ask("CONFIG", "GET", "timeout").Items![1].Text);
        Assert.Equal("20", client.Ask("CONFIG", "GET", "hz").Items![1].Text);
        Assert.Equal("20971520", client.Ask("CONFIG", "GET", "maxmemory").Items![1].Text);
    }

    [Fact]
    public void A_password_file_is_read_without_its_line_end()
    {
        var directory = Repository.NewTemporaryDirectory();
        var file = Path.Combine(directory, "password");
        File.WriteAllText(file, "sécret\n");
        using (var server = new ServerWithEnvironment([$"REDIS_PASSWORD_FILE={file}"]))
        {
            using var client = server.Connect();
            Assert.StartsWith("-WRONGPASS", client.Text("AUTH", "nosuch"), StringComparison.Ordinal);
            Assert.Equal("+OK\r\n", client.Text("AUTH", Encoding.Latin1.GetString(Encoding.UTF8.GetBytes("sécret"))));
            Assert.Equal(0, Launch("env", [$"REDIS_PASSWORD_FILE={file}", .. ServerProcess.Command, "cli-ping", "-p", Text(server.Port)]).ExitCode);
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void The_health_check_says_whether_the_server_answers()
    {
        var directory = Repository.NewTemporaryDirectory();
        var socket = Path.Combine(directory, "s");
        int port;
        using (var server = new ServerProcess("--unixsocket", socket))
        {
            port = server.Port;
            var run = Redislite("cli-ping", "-p", Text(port));
            Assert.Equal((0, "PONG"), (run.ExitCode, run.Output.Trim()));
            Assert.Equal(0, Redislite("cli-ping", "-s", socket).ExitCode);
        }
        Assert.Equal(1, Redislite("cli-ping", "-p", Text(port)).ExitCode);
        Assert.Equal(1, Redislite("cli-ping", "-x", "1").ExitCode);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void Daemonize_leaves_a_detached_server_and_its_pid_file()
    {
        var directory = Repository.NewTemporaryDirectory();
        var pidFile = Path.Combine(directory, "pid");
        var port = RedisProcess.FreePort();
        var run = ToolRun.Of(ServerProcess.Command[0],
            [.. ServerProcess.Command.Skip(1), "--port", Text(port), "--bind", "127.0.0.1", "--dir", directory, "--save", "", "--daemonize", "yes", "--pidfile", "pid",
             "--logfile", "log", "-"], input: "timeout 77\n", limit: TimeSpan.FromSeconds(20));
        Assert.Equal(0, run.ExitCode);
        Assert.True(WaitFor(() => File.Exists(pidFile) && File.ReadAllText(pidFile).EndsWith('\n')), run.Output + run.Errors);

        var pid = int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);
        using (var server = Process.GetProcessById(pid))
        using (var client = RespClient.Connect(port))
        {
            Assert.Equal("77", client.Ask("CONFIG", "GET", "timeout").Items![1].Text);
            Assert.Contains("Ready to accept connections", File.ReadAllText(Path.Combine(directory, "log")), StringComparison.Ordinal);
            using (var kill = Process.Start("kill", ["-TERM", Text(pid)])) kill.WaitForExit();
            Assert.True(server.WaitForExit(TimeSpan.FromSeconds(10)));
            Assert.False(File.Exists(pidFile));
        }
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void A_supervised_server_tells_systemd_when_it_is_ready()
    {
        var directory = Repository.NewTemporaryDirectory();
        var path = Path.Combine(directory, "notify");
        using (var notify = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 })
        {
            notify.Bind(new UnixDomainSocketEndPoint(path));
            using var server = new ServerWithEnvironment([$"NOTIFY_SOCKET={path}"], "--supervised", "systemd");
            var message = new byte[256];
            Assert.Contains("READY=1", Encoding.ASCII.GetString(message, 0, notify.Receive(message)), StringComparison.Ordinal);
            server.Signal("TERM");
            Assert.Contains("STOPPING=1", Encoding.ASCII.GetString(message, 0, notify.Receive(message)), StringComparison.Ordinal);
        }
        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData("--sentinel")]
    [InlineData("--test-memory")]
    [InlineData("--check-system")]
    public void What_is_not_offered_is_refused_with_a_reason(string option)
    {
        var run = Redislite(option);
        Assert.Equal(1, run.ExitCode);
        Assert.NotEmpty(run.Errors);
    }

    [Fact]
    public void A_bad_line_is_reported_as_redis_server_reports_it()
    {
        var run = Redislite("--port", "--bla", "--loglevel", "verbose");
        Assert.Equal(1, run.ExitCode);
        Assert.Matches(
            "\n\\*\\*\\* FATAL CONFIG FILE ERROR \\(Redis [0-9.]+\\) \\*\\*\\*\nReading the configuration file, at line 2\n>>> 'port \"--bla\"'\nargument couldn't be parsed into an integer\n",
            run.Errors);
    }

    [Fact]
    public void Log_lines_have_Redis_form()
    {
        using var server = new ServerProcess("--loglevel", "verbose");
        Assert.True(WaitFor(() => server.Output.Contains("Ready to accept connections tcp", StringComparison.Ordinal)));
        Assert.Matches($@"(?m)^{server.Pid}:M \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{{4}} \d\d:\d\d:\d\d\.\d{{3}} \* Ready to accept connections tcp\r?$", server.Output);
    }

    private static ToolRun Redislite(params string[] arguments) => Launch(ServerProcess.Command[0], [.. ServerProcess.Command.Skip(1), .. arguments]);

    private static ToolRun Launch(string program, string[] arguments) => ToolRun.Of(program, arguments, limit: TimeSpan.FromSeconds(20));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static bool WaitFor(Func<bool> condition)
    {
        for (var i = 0; i < 400; i++)
        {
            if (condition()) return true;
            Thread.Sleep(25);
        }
        return false;
    }

    private sealed class ServerWithEnvironment(string[] variables, params string[] options) : RedisProcess([], null, options)
    {
        protected override IReadOnlyList<string> Launch => ["env", .. variables, .. ServerProcess.Command];
    }
}
