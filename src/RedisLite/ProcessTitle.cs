using System.Globalization;
using System.Text;
using RedisLite.Engine.Config;

namespace RedisLite;

/// <summary>
/// set-proc-title: what ps shows for this process. The text lies where the system put the command line, and only as much of it as fits there is shown:
/// behind it the environment begins, which native libraries still read. It is written through the process's memory file, so no pointer is needed.
/// </summary>
internal sealed class ProcessTitle
{
    private const string CommandLine = "/proc/self/cmdline";
    private const string Stat = "/proc/self/stat";
    private const string Memory = "/proc/self/mem";

    /// <summary>Of the fields of stat that follow the name in brackets.</summary>
    private const int StartField = 45;

    private readonly ServerConfig config;
    private readonly string program;
    private readonly long start;
    private readonly int length;

    private ProcessTitle(ServerConfig config)
    {
        this.config = config;
        program = Encoding.UTF8.GetString(File.ReadAllBytes(CommandLine)).Split('\0')[0];
        if (Path.GetFileName(program) == "dotnet") program = "redislite";
        var stat = File.ReadAllText(Stat);
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        start = long.Parse(fields[StartField], CultureInfo.InvariantCulture);
        length = (int)(long.Parse(fields[StartField + 1], CultureInfo.InvariantCulture) - start);
    }

    /// <summary>Shows the title now, and again when its template changes.</summary>
    public static void Attach(ServerConfig config)
    {
        if (!config.SetProcTitle || !File.Exists(Memory)) return;
        var title = new ProcessTitle(config);
        title.Show();
        config.OnChange(title.Show, "proc-title-template");
    }

    /// <summary>A title that cannot be shown is no reason to refuse a configuration.</summary>
    private void Show()
    {
        var bytes = new byte[Math.Max(0, length)];
        var text = Encoding.UTF8.GetBytes(Text(config, program));
        text.AsSpan(0, Math.Min(text.Length, Math.Max(0, length - 1))).CopyTo(bytes);
        try
        {
            using var memory = new FileStream(Memory, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            memory.Position = start;
            memory.Write(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }

    internal static string Text(ServerConfig config, string program)
    {
        var address = config.Bind.Length == 0 ? "*" : config.Bind[0];
        var port = config.Port != 0 ? config.Port : config.TlsPort;
        return config.ProcTitleTemplate
            .Replace("{title}", program).Replace("{listen-addr}", port != 0 ? $"{address}:{port}" : config.Unixsocket)
            .Replace("{server-mode}", config.ClusterEnabled ? "[cluster]" : "").Replace("{port}", config.Port.ToString(CultureInfo.InvariantCulture))
            .Replace("{tls-port}", config.TlsPort.ToString(CultureInfo.InvariantCulture)).Replace("{unixsocket}", config.Unixsocket)
            .Replace("{config-file}", config.ConfigFile.Length == 0 ? "-" : config.ConfigFile).Trim(' ');
    }
}
