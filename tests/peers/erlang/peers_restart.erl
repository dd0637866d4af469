%% `restart`: a gen_server that crashes after it has handled messages, under OTP's supervisor.
-module(peers_restart).
-export([restart/1]).
%% Of the supervisor and of the server.
-export([init/1, start_worker/2, handle_call/3, handle_cast/2]).

%% A supervisor looks at all its restarts of the last second at each one, so each has only so many to do.
-define(EACH, 50).

restart(N) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    Crashed = atomics:new(1, []),
    {_, Cpu, Gaps} = peers_meter:measure(N, fun() -> many(N, Crashed, []) end),
    N = length(Gaps),
    {peers_meter:p99(Gaps), Cpu}.

many(0, _, Gaps) -> Gaps;
many(N, Crashed, Gaps) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, {supervisor, self(), Crashed}),
    Now = min(N, ?EACH),
    Found = [crash(Crashed) || _ <- lists:seq(1, Now)],
    receive {up, _} -> ok end,
    exit(Supervisor, shutdown),
    receive {'EXIT', Supervisor, _} -> ok end,
    many(N - Now, Crashed, Found ++ Gaps).

%% A worker that has handled a message crashes; when did its successor handle one?
crash(Crashed) ->
    receive {up, Worker} -> ok end,
    {_, _} = gen_server:call(Worker, touch),
    gen_server:cast(Worker, crash),
    receive {up, Successor} -> ok end,
    {Touched, 0} = gen_server:call(Successor, touch),
    self() ! {up, Successor},
    Touched - atomics:get(Crashed, 1).

init({supervisor, Driver, Crashed}) ->
    Child = #{id => worker, start => {?MODULE, start_worker, [Driver, Crashed]}},
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 1}, [Child]}};
init({worker, Driver, Crashed}) ->
    Driver ! {up, self()},
    {ok, {Crashed, 0}}.

start_worker(Driver, Crashed) ->
    gen_server:start_link(?MODULE, {worker, Driver, Crashed}, []).

%% The time at which it is handled, and how many this incarnation has handled before.
handle_call(touch, _, {Crashed, Handled}) ->
    {reply, {erlang:monotonic_time(nanosecond), Handled}, {Crashed, Handled + 1}}.

handle_cast(crash, {Crashed, _}) ->
    atomics:put(Crashed, 1, erlang:monotonic_time(nanosecond)),
    exit(on_purpose).
