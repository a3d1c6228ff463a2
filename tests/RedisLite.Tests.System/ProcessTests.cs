using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using RedisLite.Testing;

namespace RedisLite.SystemTests;

/// <summary>The program as the shell and the operating system see it: command lines, configuration, signals, sockets, limits.</summary>
public sealed class ProcessTests
{
    [Fact]
    public void Version_and_help_print_and_end()
    {
        var version = Launch("--version");
        Assert.Equal(0, version.ExitCode);
        Assert.Matches(@"^(Redis|RedisLite) server v=\d+\.\d+\.\d+", version.Output);
        Assert.Equal(version.Output, Launch("-v").Output);
        var help = Launch("--help");
        Assert.Contains("Usage:", help.Errors, StringComparison.Ordinal);
        Assert.Contains("--port", help.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--nosuchoption", "yes")]
    [InlineData("--port", "abc")]
    [InlineData("--maxmemory-policy", "nosuch")]
    [InlineData("--databases", "0")]
    [InlineData("/nonexistent/redis.conf", "")]
    public void A_bad_command_line_ends_with_code_1(string option, string value)
    {
        var run = Launch(value.Length > 0 ? [option, value] : [option]);
        Assert.Equal(1, run.ExitCode);
        Assert.NotEmpty(run.Output + run.Errors);
    }

    [Fact]
    public void Options_follow_the_command_line()
    {
        using var server = new ServerProcess("--maxmemory", "100mb", "--timeout", "33", "--hash-max-listpack-entries", "7", "--databases", "2000");
        using var client = server.Connect();
        Assert.Equal("104857600", client.Ask("CONFIG", "GET", "maxmemory").Items![1].Text);
        Assert.Equal("33", client.Ask("CONFIG", "GET", "timeout").Items![1].Text);
        Assert.Equal("7", client.Ask("CONFIG", "GET", "hash-max-ziplist-entries").Items![1].Text);
        Assert.Equal("+OK\r\n", client.Text("SELECT", "1999"));
        Assert.Equal("-ERR DB index is out of range\r\n", client.Text("SELECT", "2000"));
    }

    [Fact]
    public void A_configuration_file_with_an_include_is_read_and_the_command_line_wins()
    {
        var directory = Repository.NewTemporaryDirectory();
        File.WriteAllText(Path.Combine(directory, "more.conf"), "timeout 11\nmaxmemory 2gb\n");
        var file = Path.Combine(directory, "redis.conf");
        File.WriteAllText(file, $"# a comment\ninclude {directory}/more.conf\ntimeout 22\nrequirepass \"sec ret\"\n");
        using var server = new ConfiguredServer([file], input: null, "--maxmemory", "1gb");
        using var client = server.Connect();
        Assert.StartsWith("-NOAUTH", client.Text("GET", "k"), StringComparison.Ordinal);
        Assert.Equal("+OK\r\n", client.Text("AUTH", "sec ret"));
        Assert.Equal("22", client.Ask("CONFIG", "GET", "timeout").Items![1].Text);
        Assert.Equal("1073741824", client.Ask("CONFIG", "GET", "maxmemory").Items![1].Text);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void A_configuration_on_standard_input_is_read()
    {
        using var server = new ConfiguredServer(["-"], input: "timeout 44\nmaxmemory-policy allkeys-lfu\n");
        using var client = server.Connect();
        Assert.Equal("44", client.Ask("CONFIG", "GET", "timeout").Items![1].Text);
        Assert.Equal("allkeys-lfu", client.Ask("CONFIG", "GET", "maxmemory-policy").Items![1].Text);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void A_signal_ends_the_server_in_order(string signal)
    {
        using var server = new ServerProcess();
        using var client = server.Connect();
        client.Call("SET", "k", "v");
        server.Signal(signal);
        Assert.True(server.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, server.ExitCode);
        Assert.Contains("bye bye", server.Output, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The loop, which a script keeps busy, has not yet heard of the first.</summary>
    [Fact]
    public void A_second_interrupt_ends_a_server_that_runs_a_script_for_ever()
    {
        using var server = new ServerProcess("--busy-reply-threshold", "10");
        using var caller = server.Connect();
        using var other = server.Connect();
        caller.Send("EVAL", "while true do end", "0");
        Assert.True(WaitFor(() => other.Text("PING").StartsWith("-BUSY", StringComparison.Ordinal)));
        server.Signal("INT");
        Assert.True(WaitFor(() => server.Output.Contains("Received SIGINT scheduling shutdown", StringComparison.Ordinal)));
        Assert.StartsWith("-BUSY", other.Text("PING"), StringComparison.Ordinal);
        server.Signal("INT");
        Assert.True(server.WaitForExit(TimeSpan.FromSeconds(10)), server.Output);
        Assert.Equal(1, server.ExitCode);
    }

    [Fact]
    public void Shutdown_ends_the_server_without_a_reply()
    {
        using var server = new ServerProcess();
        using var client = server.Connect();
        client.Send("SHUTDOWN", "NOSAVE");
        Assert.True(client.IsClosedByServer());
        Assert.True(server.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, server.ExitCode);
    }

    /// <summary>Who waits for the end by watching a connection must not find the old server on the port.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Once_a_connection_has_ended_by_shutdown_nobody_listens(bool busy)
    {
        using var server = new ServerProcess("--busy-reply-threshold", "10");
        using var client = server.Connect();
        using var other = server.Connect();
        if (busy)
        {
            other.Send("EVAL", "while true do end", "0");
            Assert.True(WaitFor(() => client.Text("PING").StartsWith("-BUSY", StringComparison.Ordinal)));
        }

        client.Send("SHUTDOWN", "NOSAVE");
        Assert.True(client.IsClosedByServer());
        Assert.ThrowsAny<SocketException>(() => RespClient.Connect(server.Port));
        Assert.True(server.WaitForExit(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void The_log_names_pid_and_readiness()
    {
        using var server = new ServerProcess();
        using (var client = server.Connect()) client.Call("PING");
        Assert.True(WaitFor(() => server.Output.Contains("Ready to accept connections", StringComparison.Ordinal)), server.Output);
        Assert.Contains($"{server.Pid}:M", server.Output, StringComparison.Ordinal);
        Assert.Contains("pid=" + server.Pid, server.Output, StringComparison.Ordinal);
        Assert.Contains($"Running mode=standalone, port={server.Port}.", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_title_of_the_process_follows_its_template()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var server = new ServerProcess("--bind", "127.0.0.1", "::1");
        using var client = server.Connect();
        string Title() => File.ReadAllText($"/proc/{server.Pid}/cmdline").TrimEnd('\0');
        Assert.True(WaitFor(() => Title().EndsWith($"redislite 127.0.0.1:{server.Port}", StringComparison.Ordinal)), Title());
        Assert.Equal("+OK\r\n", client.Text("CONFIG", "SET", "proc-title-template", "{port} {tls-port} {config-file} {server-mode}"));
        Assert.Equal($"{server.Port} 0 -", Title());
    }

    [Fact]
    public void A_server_that_listens_nowhere_ends()
    {
        var run = Launch("--port", "0");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Configured to not listen anywhere, exiting.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_file_and_a_pid_file_are_written()
    {
        var directory = Repository.NewTemporaryDirectory();
        var (log, pid) = (Path.Combine(directory, "server.log"), Path.Combine(directory, "server.pid"));
        using (var server = new ServerProcess("--logfile", log, "--pidfile", pid))
        {
            Assert.True(WaitFor(() => File.Exists(log) && File.ReadAllText(log).Contains("Ready to accept connections", StringComparison.Ordinal)));
            Assert.True(WaitFor(() => File.Exists(pid)));
            Assert.Equal(server.Pid.ToString(), File.ReadAllText(pid).Trim());
            server.Signal("TERM");
            Assert.True(server.WaitForExit(TimeSpan.FromSeconds(10)));
            Assert.False(File.Exists(pid));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void A_port_in_use_is_an_error()
    {
        using var server = new ServerProcess();
        var run = Launch("--port", server.Port.ToString(), "--bind", "127.0.0.1");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Address already in use", run.Output + run.Errors, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What redis-server 7.2.6 says before it ends, be it to a terminal or to its log.</summary>
    [Theory]
    [InlineData("--user bob on +nosuch", "Error loading ACL rule '+nosuch' for the user named 'bob': Unknown command or category name in ACL")]
    [InlineData("--user bob on +nosuch", "Critical error while loading ACLs. Exiting.")]
    [InlineData("--user bob on nosuch", ">>> 'user bob on nosuch'")]
    [InlineData("--user bob on nosuch", "Error in user declaration 'bob': Syntax error")]
    [InlineData("--locale-collate xx_nosuch", "Failed to configure LOCALE for invalid locale name.")]
    [InlineData("--bind 999.1.1.1", "Warning: Could not create server TCP listening socket 999.1.1.1:7999: Name or service not known")]
    [InlineData("--bind 999.1.1.1", "Failed listening on port 7999 (tcp), aborting.")]
    public void What_is_wrong_at_start_is_said_and_ends_the_server(string option, string said)
    {
        var run = Launch("--port", "7999", option);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(said, run.Output + run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_odd_at_start_is_said()
    {
        using var server = new ServerProcess("--user", "bob", "on", "+get|foo", "--dbfilename", "", "--maxmemory", "1000", "--bind", "127.0.0.1", "-1.2.3.4");
        using var client = server.Connect();
        Assert.Equal("", client.Ask("CONFIG", "GET", "dbfilename").Items![1].Text);
        Assert.Equal("-ERR CONFIG SET failed (possibly related to argument 'locale-collate') - Invalid locale name\r\n", client.Text("CONFIG", "SET", "locale-collate", "xx"));
        Assert.Equal("+OK\r\n", client.Text("CONFIG", "SET", "locale-collate", "C"));
    }

    [Fact]
    public void Clients_beyond_maxclients_get_an_error_and_the_others_stay()
    {
        using var server = new ServerProcess("--maxclients", "5");
        // Ended connections of the start-up check may still be counted for a moment.
        var clients = new List<RespClient>();
        Assert.True(WaitFor(() =>
        {
            clients.ForEach(client => client.Dispose());
            clients = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
            return clients.TrueForAll(Answers);
        }));
        using (var refused = server.Connect())
        {
            Assert.Equal("-ERR max number of clients reached\r\n", Encoding.Latin1.GetString(refused.ReadReply()));
            Assert.True(refused.IsClosedByServer());
        }

        Assert.All(clients, client => Assert.Equal("+PONG\r\n", client.Text("PING")));
        Assert.Contains("rejected_connections:", clients[0].Ask("INFO", "stats").Text, StringComparison.Ordinal);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_unix_socket_with_permissions_serves_like_a_port()
    {
        var directory = Repository.NewTemporaryDirectory();
        var path = Path.Combine(directory, "redis.sock");
        using (var server = new ServerProcess("--unixsocket", path, "--unixsocketperm", "700"))
        {
            using var client = RespClient.ConnectUnix(path);
            Assert.Equal("+OK\r\n", client.Text("SET", "k", "v"));
            Assert.Contains($"addr={path}:0", client.Ask("CLIENT", "INFO").Text, StringComparison.Ordinal);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
            using var overTcp = server.Connect();
            Assert.Equal("$1\r\nv\r\n", overTcp.Text("GET", "k"));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void Protected_mode_refuses_strangers_until_a_password_is_set()
    {
        var address = OutsideAddress();
        Assert.True(address is not null, "This test needs a network address beside the loopback one.");
        using var server = new ConfiguredServer([], input: null, "--bind", "0.0.0.0");
        using (var stranger = RespClient.Connect(server.Port, address.ToString()))
        {
            Assert.StartsWith("-DENIED Redis is running in protected mode", Encoding.Latin1.GetString(stranger.ReadReply()), StringComparison.Ordinal);
            Assert.True(stranger.IsClosedByServer());
        }

        using var local = server.Connect();
        Assert.Equal("+PONG\r\n", local.Text("PING"));
        local.Call("CONFIG", "SET", "protected-mode", "no");
        using var friend = RespClient.Connect(server.Port, address.ToString());
        Assert.Equal("+PONG\r\n", friend.Text("PING"));
    }

    [Fact]
    public void Config_rewrite_changes_the_file_it_was_read_from()
    {
        var directory = Repository.NewTemporaryDirectory();
        var file = Path.Combine(directory, "redis.conf");
        File.WriteAllText(file, "# kept comment\ntimeout 22\n");
        using (var server = new ConfiguredServer([file], input: null))
        {
            using var client = server.Connect();
            client.Call("CONFIG", "SET", "timeout", "55", "maxmemory", "1gb");
            Assert.Equal("+OK\r\n", client.Text("CONFIG", "REWRITE"));
        }

        var lines = File.ReadAllLines(file);
        Assert.Contains("# kept comment", lines);
        Assert.Contains("timeout 55", lines);
        Assert.Contains("maxmemory 1gb", lines);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public void Idle_clients_are_closed_after_the_timeout()
    {
        using var server = new ServerProcess("--timeout", "1");
        using var client = server.Connect();
        client.Call("PING");
        Assert.True(client.IsClosedByServer(TimeSpan.FromSeconds(10)));
    }

    private static bool Answers(RespClient client)
    {
        try { return client.Text("PING") == "+PONG\r\n"; }
        catch (IOException) { return false; }
    }

    private static bool WaitFor(Func<bool> condition)
    {
        for (var i = 0; i < 200; i++)
        {
            if (condition()) return true;
            Thread.Sleep(25);
        }

        return false;
    }

    private static IPAddress? OutsideAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address)
        .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a));

    private static ToolRun Launch(params string[] arguments) =>
        ToolRun.Of(ServerProcess.Command[0], [.. ServerProcess.Command.Skip(1), .. arguments], limit: TimeSpan.FromSeconds(20));
}
