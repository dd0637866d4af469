%% Runs one workload in this process and prints what it found, as the measuring processes of the other
%% candidates do: `erl -noshell -eval "peers:main(), halt()." -extra WORKLOAD OPERATIONS`.
-module(peers).
-export([main/0]).

main() ->
    [Workload, Operations] = init:get_plain_arguments(),
    %% A process of its own: who evaluates this has other messages to handle.
    {_, Watch} = spawn_monitor(fun() -> measure(Workload, list_to_integer(Operations)) end),
    receive
        {'DOWN', Watch, process, _, normal} -> ok;
        {'DOWN', Watch, process, _, Why} ->
            io:format(standard_error, "erlang: ~p~n", [Why]),
            halt(1)
    end.

measure(Workload, N) ->
    {Value, Cpu} = run(Workload, N),
    io:format("{\"value\":~.3f,\"cpu_ns\":~.3f}~n", [float(Value), float(Cpu)]).

run("tell", N) -> peers_tell:tell(N);
run("fan_in", N) -> peers_tell:fan_in(N);
run("ask", N) -> peers_ask:between_processes(N);
run("ask_outside", N) -> peers_ask:from_driver(N);
run("ask_join", N) -> peers_ask:ten_at_once(N);
run("ping_pong", N) -> peers_relay:relay(N, 1, 2, 1);
run("pairs", N) -> peers_relay:relay(N, 1000, 2, 1);
run("ring_1", N) -> peers_relay:relay(N, 1, 1000, 1);
run("ring_100", N) -> peers_relay:relay(N, 1, 1000, 100);
run("skynet", N) -> peers_relay:skynet(N);
run("pool_300ns", N) -> peers_pool:pool(N, 300, 300);
run("pool_1us", N) -> peers_pool:pool(N, 1000, 1000);
run("pool_uneven", N) -> peers_pool:pool(N, 300, 30000);
run("spawn", N) -> peers_spawn:first_message(N);
run("idle_memory", N) -> peers_spawn:idle_memory(N);
run("restart", N) -> peers_restart:restart(N).
