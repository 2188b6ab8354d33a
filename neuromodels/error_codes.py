"""What each error code means, what causes it, and what to do about it.

One code stands for one cause, wherever it is found.  The first digit is the exit code of the
error's class; 9 stands for a defect of neuromodels or of a plugin.  A code keeps its meaning for
ever: a cause that no longer occurs leaves a gap, and a new cause gets a new number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class ErrorCode:
    """A cause of errors.

    Attributes
    ----------
    code : str
        ``NM`` and three digits.
    meaning : str
        What is wrong, in one sentence without a final full stop.
    cause : str
        How that comes about.
    cure : str
        What to do.
    """

    code: str
    meaning: str
    cause: str
    cure: str


_TABLE = (
    # 1: what has no class of its own.
    ErrorCode(
        "NM100",
        "An error that has no code of its own",
        "A plugin raised a plain NeuromodelsError.",
        "Follow its message; tell the plugin's authors if it does not help.",
    ),
    ErrorCode(
        "NM101",
        "A claim of a paper fails",
        "The interval of the claim's measure over seeds lies outside the range that the claim "
        "names, or a value is not finite.",
        "Look at the comparison's figure; a changed model may be the reason, or too few seeds.",
    ),
    # 2: arguments of commands and functions.
    ErrorCode(
        "NM200",
        "An argument is not acceptable",
        "A plugin refused what it was given, and gave no code of its own.",
        "Follow the message; `neuromodels show NAME` lists what a circuit accepts.",
    ),
    ErrorCode(
        "NM201",
        "The command line is not understood",
        "A command or an option is misspelt, a required argument is missing, or a value has the"
        " wrong form.",
        "Look at `neuromodels COMMAND --help`.",
    ),
    ErrorCode(
        "NM210",
        "No circuit, model, analysis or study has this name",
        "The name is misspelt, or the plugin that has it is not installed in this Python or is "
        "broken.",
        "`neuromodels list` shows all names, `neuromodels doctor` the plugins that are broken.",
    ),
    ErrorCode(
        "NM211",
        "The circuit has no preset of this name",
        "The name is misspelt, or it is the preset of another circuit.",
        "`neuromodels show CIRCUIT` lists its presets.",
    ),
    ErrorCode(
        "NM212",
        "The run has no phase or population of this name",
        "The name is misspelt, or the circuit has another one with these parameters.",
        "Choose from the names that the message suggests; `run.phases` and `run.json` have them"
        " all.",
    ),
    ErrorCode(
        "NM213",
        "No such job was submitted from here",
        "The number is misspelt, or the job was submitted by other means or as another user.",
        "`neuromodels jobs` lists the jobs that are known.",
    ),
    ErrorCode(
        "NM214",
        "The model has no scalar parameter or state variable of this name",
        "The name is misspelt, or the variable is a vector, which cannot be read for all "
        "neurons or synapses at once.",
        "`neuromodels show MODEL` lists the variables.",
    ),
    ErrorCode(
        "NM215",
        "The model in this kernel is not one that neuromodels installed",
        "`get_values`, `set_values`, `weights` and their like read the memory of compiled "
        "models; NEST's own models have no such access. The model may also have gone with "
        "`nest.ResetKernel()`.",
        "Call `neuromodels.install()` for the model in this kernel; use `nest.GetStatus` for "
        "NEST's own models.",
    ),
    ErrorCode(
        "NM216",
        "The cache has no compiled model of this name",
        "The model was never compiled here, was removed, or was compiled in another cache "
        "directory.",
        "`neuromodels models list` shows what is there.",
    ),
    ErrorCode(
        "NM217",
        "There is no such error code",
        "The code is misspelt, or belongs to a plugin or to a newer version.",
        "Copy it from the message, as in error[NM222].",
    ),
    ErrorCode(
        "NM218",
        "A comparison lacks a run",
        "No run of this circuit, condition and seed was given to it.",
        "Give a sweep or reproduction that has the run.",
    ),
    ErrorCode(
        "NM220",
        "The circuit has no parameter of this name",
        "The name is misspelt, or it belongs to another circuit or version.",
        "`neuromodels show CIRCUIT` lists the parameters.",
    ),
    ErrorCode(
        "NM221",
        "The value of a parameter is not accepted",
        "It has the wrong type, or contradicts another parameter.",
        "Give what the message asks for; `neuromodels show CIRCUIT` has type, unit and range.",
    ),
    ErrorCode(
        "NM222",
        "The value of a parameter is out of range",
        "It is outside the range or not among the choices that the circuit states.",
        "Give a value inside the range. Mind the unit: a plain number is in the parameter's own"
        " unit.",
    ),
    ErrorCode(
        "NM223",
        "The value of a parameter has the wrong unit",
        "The unit is unknown, or measures something else (a time where a rate is wanted).",
        "Give a unit of the same dimension, or a plain number in the parameter's own unit.",
    ),
    ErrorCode(
        "NM224",
        "The value of a parameter is infinite or not a number",
        "A calculation that made the value went wrong.",
        "Give a finite number.",
    ),
    ErrorCode(
        "NM225",
        "A parameter has no value",
        "It has no default and was not given, or its list of values is empty.",
        "Give one with `--set NAME=VALUE`, or in the file of parameters.",
    ),
    ErrorCode(
        "NM230",
        "A file that was given cannot be read",
        "It does not exist, or its permissions do not allow it.",
        "Give the path of a file that can be read.",
    ),
    ErrorCode(
        "NM231",
        "A file that was given has another format than its name says",
        "Its suffix is unknown, or the text is not valid JSON, YAML, TOML or CSV.",
        "Correct the text at the line that the message names, or the suffix.",
    ),
    ErrorCode(
        "NM232",
        "A file that was given does not hold what it should",
        "It is well-formed, but is no table of names and values (for `--params` and profiles) "
        "or no list of such tables (for the points of a sweep).",
        "Write `name: value` lines (YAML), an object (JSON) or `name = value` lines (TOML).",
    ),
    ErrorCode(
        "NM233",
        "The file or directory to be written exists already",
        "Nothing that exists is overwritten.",
        "Give another name, or remove what is there.",
    ),
    ErrorCode(
        "NM240",
        "Options or arguments do not go together",
        "Some exclude each other (`--resume` has all parameters already), others are useless "
        "alone.",
        "Leave out what the message names, or add what it asks for.",
    ),
    ErrorCode(
        "NM241",
        "A notation is not understood",
        "`--set` takes NAME=VALUE; lists of numbers are written 1:10 or 1,2,7.",
        "Write it that way.",
    ),
    ErrorCode(
        "NM242",
        "A number is not a whole or not a positive number, or out of range",
        "Seeds, threads, ranks and sizes are counted.",
        "Give a number in the range that the message states.",
    ),
    ErrorCode(
        "NM243",
        "The virtual processes cannot be shared evenly by the MPI ranks",
        "A run is reproduced with the same number of virtual processes (threads times ranks), "
        "and each rank needs the same number of threads.",
        "Use a number of ranks that divides the number of virtual processes.",
    ),
    ErrorCode(
        "NM244",
        "A Python function was given an object of the wrong kind",
        "For example an instance of a circuit and parameters besides, or a list where names are"
        " wanted.",
        "Call it as the message shows.",
    ),
    ErrorCode(
        "NM245",
        "A run was started outside the main thread",
        "NEST works in Python's main thread only.",
        "Use a process for each run; `neuromodels sweep` does.",
    ),
    ErrorCode(
        "NM246",
        "Values of neurons on other MPI ranks cannot be read like this",
        "NEST gives each rank the values of its own neurons only.",
        "Read them with `neuromodels.get_values`, which gives all ranks the values of all.",
    ),
    ErrorCode(
        "NM250",
        "A time does not fit the resolution of the simulation",
        "NEST counts time in steps: it must be a multiple of the resolution, and not longer "
        "than NEST can count.",
        "Round the time to a multiple of the resolution, or choose a finer resolution.",
    ),
    ErrorCode(
        "NM251",
        "The protocol of a circuit is not valid",
        "Two phases have one name, or a phase has a negative duration.",
        "Correct the circuit's `protocol()`.",
    ),
    ErrorCode(
        "NM260",
        "A recording or control was declared too late",
        "Recordings are set up before the first phase.",
        "Declare it in the circuit's `build()`.",
    ),
    ErrorCode(
        "NM261",
        "A recording cannot be declared like this",
        "Its name is empty, taken or reserved, it has no neurons or variables, or its interval "
        "is not positive.",
        "Change what the message names.",
    ),
    ErrorCode(
        "NM262",
        "A signal returned something that does not fit its declaration",
        "The array has another shape, other dimensions or another type than was declared, or "
        "than before.",
        "Return numbers of the declared shape at every sample.",
    ),
    ErrorCode(
        "NM263",
        "A variable of neurons or synapses cannot be set to this array",
        "It has another length than there are neurons or synapses, or holds values that are not"
        " finite.",
        "Give one finite number for all, or one for each.",
    ),
    ErrorCode(
        "NM264",
        "Spike trains, bins or burst criteria are not acceptable",
        "Neurons and times have different lengths, bin edges do not ascend, or a time constant "
        "or threshold is not positive.",
        "Correct the arguments.",
    ),
    ErrorCode(
        "NM265",
        "The spikes of this population were not recorded",
        "The circuit records them only with some parameters, or never.",
        "Look at `run.populations`; switch the recording on in the circuit's parameters.",
    ),
    ErrorCode(
        "NM270",
        "The runs of a sweep are not well defined",
        "A parameter is both swept and fixed, a seed or a point occurs twice, or nothing is "
        "left to vary.",
        "Correct the lists of values, seeds or points.",
    ),
    ErrorCode(
        "NM271",
        "The circuit of a sweep cannot be imported by other processes",
        "Each run of a sweep is a process of its own, and the circuit is defined in a script or"
        " a notebook.",
        "Move the circuit to a module.",
    ),
    ErrorCode(
        "NM272",
        "The sweep has no run of this number",
        "Runs are counted from 1.",
        "Give a number in the range that the message states.",
    ),
    ErrorCode(
        "NM273",
        "Nothing is missing in this sweep",
        "All its runs are complete.",
        "Make its table: `neuromodels sweep --resume DIR --collect`.",
    ),
    ErrorCode(
        "NM280",
        "Slurm does not accept the job",
        "The site has no such partition or account, or the job asks for more than is allowed.",
        "Correct the option or the profile; `sinfo` shows partitions and limits.",
    ),
    ErrorCode(
        "NM281",
        "An entry of a Slurm profile is not accepted",
        "The name is misspelt or the value has the wrong form.",
        "docs/cluster.md lists the entries.",
    ),
    ErrorCode(
        "NM290",
        "A new plugin cannot have this name",
        "It is not a valid name, or an installed plugin or model has it.",
        "Choose another; `neuromodels list plugins` shows those that are taken.",
    ),
    ErrorCode(
        "NM291",
        "An environment variable has a value that is not accepted",
        "NEUROMODELS_ENGINE takes one of two words.",
        "Unset it, or set it to a value that the message names.",
    ),
    ErrorCode(
        "NM292",
        "A NESTML model is given that cannot be used",
        "There is no such file, or two different models are given under one name.",
        "Give the path of a file that ends in `.nestml`, and each name once.",
    ),
    ErrorCode(
        "NM293",
        "It is not clear how a synapse is to be used",
        "A synapse in a file sees spikes or variables of its neuron, and nothing says of which, or "
        "its weight has no usual name.",
        "Give its neuron in the same call or say `pairs={'synapse': 'neuron'}`, with "
        "`SynapseModel(...)` for the rest.",
    ),
    ErrorCode(
        "NM294",
        "An option of NESTML is not accepted",
        "`codegen_opts` or `pairs` have the wrong form, contradict each other, or want what "
        "neuromodels does otherwise.",
        "Leave the option out; the message lists those that are used.",
    ),
    ErrorCode(
        "NM295",
        "A change between two runs would make NEST overwrite a recorder's file",
        "NEST reads most parameters of its own models in `nest.Prepare` only, which begins "
        "recorders' files, too.",
        "Record to memory, or set what is to be changed before `nest.Prepare`.",
    ),
    # 3: this computer.
    ErrorCode(
        "NM300",
        "Something that is needed is missing on this computer",
        "The message says what. A plugin gave no code of its own.",
        "Follow the message; `neuromodels doctor` checks everything else.",
    ),
    ErrorCode(
        "NM301",
        "NEST cannot be imported",
        "It is not installed in the Python that runs neuromodels, or a library that it needs is"
        " missing.",
        "Install NEST in this Python: see docs/start/install.md.",
    ),
    ErrorCode(
        "NM302",
        "This version of NEST or NESTML is not supported",
        "Generated C++ and the corrections of defects belong to exact minor versions.",
        "Install the version that the message names.",
    ),
    ErrorCode(
        "NM303",
        "The installation of NEST is not complete",
        "Its kernel library or its C++ headers are missing.",
        "Install NEST again with its headers, or put a working `nest-config` on the PATH.",
    ),
    ErrorCode(
        "NM304",
        "The C++ ABI of NEST cannot be determined",
        "NEST was built with a C++ library that neuromodels does not know.",
        "Use a NEST from PyPI or conda, or one that was built with GCC or Clang against libstdc++.",
    ),
    ErrorCode(
        "NM305",
        "NESTML cannot be imported",
        "It is not installed in the Python that runs neuromodels, or its installation is damaged.",
        "pip install nestml, in the version that `neuromodels doctor` names.",
    ),
    ErrorCode(
        "NM310",
        "There is no C++ compiler that works",
        "None is installed, CXX names one that does not run, or it produces nothing.",
        "Install one, e.g. `apt-get install g++`, or set CXX.",
    ),
    ErrorCode(
        "NM311",
        "A C++ header is missing",
        "The package that has it (Boost, GSL, MPI, the C library) is not installed with its "
        "headers.",
        "Install it as the message says.",
    ),
    ErrorCode(
        "NM312",
        "The compiler wrapper of MPI is missing or does not work",
        "NEST was built with MPI, and its headers need those of MPI.",
        "Install MPI's development files, or load the MPI module of the cluster.",
    ),
    ErrorCode(
        "NM313",
        "The compiler was killed",
        "The computer ran out of memory.",
        "Free some: a module needs about 700 MB while it is compiled.",
    ),
    ErrorCode(
        "NM314",
        "There is not enough memory",
        "The computer, the job or a limit of the process has less than a run or an analysis needs.",
        "Take a smaller circuit, fewer processes at a time, or more memory; then resume the run.",
    ),
    ErrorCode(
        "NM320",
        "The disk is full",
        "No space or quota is left. What was recorded before is kept.",
        "Free some space; then resume the run.",
    ),
    ErrorCode(
        "NM321",
        "A file or directory cannot be written",
        "Permissions do not allow it, or the file system is read-only or fails.",
        "Choose another directory; NEUROMODELS_CACHE moves the cache of compiled models.",
    ),
    ErrorCode(
        "NM322",
        "The file system has no file locks",
        "A run locks its directory, so that no two processes write to it.",
        "Choose a directory on another file system.",
    ),
    ErrorCode(
        "NM323",
        "A module that was just built cannot be read back",
        "The disk fails, or another program removes files of the cache.",
        "Check the disk, or set NEUROMODELS_CACHE to another directory.",
    ),
    ErrorCode(
        "NM324",
        "The output of a command cannot be written",
        "The program that reads it has ended, or the disk is full.",
        "Give the command again.",
    ),
    ErrorCode(
        "NM325",
        "No cache of compiled models can be used",
        "Its directories cannot be written, or somebody who is not trusted could change them.",
        "Do what the message says; `neuromodels doctor` shows all directories of the cache.",
    ),
    ErrorCode(
        "NM330",
        "Several processes are asked for, but this NEST is built without MPI",
        "Packages from PyPI have no MPI.",
        "Install a NEST with MPI (docs/mpi.md), or use threads.",
    ),
    ErrorCode(
        "NM331",
        "mpi4py cannot be used",
        "It is not installed, or was built for another MPI library than is loaded.",
        "pip install 'neuromodels[mpi]'; `neuromodels doctor` says which library is wanted.",
    ),
    ErrorCode(
        "NM332",
        "The processes of a run do not see one another",
        "The launcher, NEST and mpi4py use different MPI libraries, or srun was started without"
        " PMI.",
        "Start them with the mpirun of the library that NEST was built with, or with `srun "
        "--mpi=pmix`.",
    ),
    ErrorCode(
        "NM340",
        "Slurm cannot be used from here",
        "Its commands are missing, or its controller does not answer.",
        "Work on a login node of the cluster; `--dry-run` shows the script without Slurm.",
    ),
    ErrorCode(
        "NM350",
        "An optional package is not installed",
        "Export to Neo or NWB needs packages that neuromodels itself does not.",
        "Install the extra that the message names.",
    ),
    ErrorCode(
        "NM360",
        "A sweep was stopped because no further run would succeed",
        "A run found this computer to lack something that all runs need.",
        "Mend what the message says; then resume the sweep.",
    ),
    # 4: models.
    ErrorCode(
        "NM400",
        "A model cannot be compiled",
        "The message says why; it has no code of its own.",
        "Follow the message; `--debug` shows the traceback.",
    ),
    ErrorCode(
        "NM401",
        "The NESTML source of a model cannot be read",
        "The path in the plugin's registration is wrong, or the file is not UTF-8.",
        "Correct the path, or save the file as UTF-8.",
    ),
    ErrorCode(
        "NM402",
        "A model is not declared correctly",
        "The source does not begin with `model NAME:`, or a synapse is paired with something "
        "that is no neuron.",
        "Correct the source or the registration, as the message says.",
    ),
    ErrorCode(
        "NM403",
        "The NESTML source of a model is not accepted",
        "It has a syntax error, an unknown name or a wrong unit, or would compute something else "
        "than it says.",
        "Correct the quoted line; docs/nestml-defects.md explains what is refused and why.",
    ),
    ErrorCode(
        "NM404",
        "The process that generates C++ ended without an answer",
        "NESTML failed in a way that it does not report, or the process was killed.",
        "Give the command again with `--debug`, and report it.",
    ),
    ErrorCode(
        "NM405",
        "The generated C++ does not compile",
        "The model uses something that NESTML turns into invalid C++, or a variable has the "
        "name of a C++ word.",
        "Look at the quoted line; `neuromodels doctor` rules out the compiler.",
    ),
    ErrorCode(
        "NM410",
        "NEST cannot load the module of a model",
        "The module was built for another NEST or C++ library, or is damaged.",
        "`neuromodels models clean NAME`; the model is then compiled again.",
    ),
    ErrorCode(
        "NM411",
        "The model cannot be added to the kernel as it is now",
        "The kernel already has nodes, a model of that name, or the neuron without this synapse.",
        "Name all models in one `install()` before `nest.Create`, or call `nest.ResetKernel()` "
        "first.",
    ),
    ErrorCode(
        "NM420",
        "A connection is refused",
        "It would end the process, or give results that are silently wrong.",
        "Follow the message.",
    ),
    ErrorCode(
        "NM421",
        "The weight of a connection is given twice",
        "'weight' and the model's own name for its weight are one variable.",
        "Give 'weight' only.",
    ),
    ErrorCode(
        "NM422",
        "A synapse model does not connect to this neuron model",
        "A plastic synapse reads variables of the neuron that it was compiled with.",
        "Create the postsynaptic neurons with the model that the message names.",
    ),
    # 5: plugins.
    ErrorCode(
        "NM500",
        "A plugin does not do what the core asks of it",
        "The message says what; it has no code of its own.",
        "Tell the plugin's authors.",
    ),
    ErrorCode(
        "NM501",
        "A plugin cannot be loaded",
        "Its module cannot be imported.",
        "Update or remove it; everything else works meanwhile.",
    ),
    ErrorCode(
        "NM502",
        "A hook of a plugin does not work",
        "It raises an error, returns something else than it should, or has a name that is no hook.",
        "Correct it as the message says; the reference has all hooks.",
    ),
    ErrorCode(
        "NM503",
        "A plugin registers something under a name that is not valid",
        "Models are named as in their source, circuits and analyses `study/thing`.",
        "Rename it.",
    ),
    ErrorCode(
        "NM504",
        "A plugin registers a name that is taken",
        "Another plugin, or the core, has it; the first keeps it.",
        "Rename one of them, or remove one of the plugins.",
    ),
    ErrorCode(
        "NM505",
        "A circuit, model or analysis of a plugin cannot be used",
        "It was refused when it was registered.",
        "`neuromodels doctor` shows all such faults; tell the plugin's authors.",
    ),
    ErrorCode(
        "NM506",
        "An analysis did not return a Result",
        "The function returns something else, or nothing.",
        "Return `neuromodels.analysis.Result`.",
    ),
    ErrorCode(
        "NM507",
        "A result of an analysis cannot have this name",
        "Another analysis of the run has the same, or it cannot be a file name.",
        "Choose another name.",
    ),
    ErrorCode(
        "NM508",
        "A golden table of a study cannot be read",
        "The file is missing from the installed package, is not CSV, or lacks a column.",
        "Install the study again; its authors check that its tables are in its wheel.",
    ),
    ErrorCode(
        "NM509",
        "A comparison does not give the measures that it claims",
        "A measure is missing or is given twice.",
        "Give each measure of its claims once.",
    ),
    # 6: runs.
    ErrorCode(
        "NM600",
        "A run cannot be started, read or analysed",
        "The message says why; a plugin gave no code of its own.",
        "Follow the message.",
    ),
    ErrorCode(
        "NM601",
        "A run failed",
        "The circuit, a plugin, NEST or another MPI rank raised the error that the message quotes.",
        "Look at `log.txt` in the run's directory; `--debug` shows the traceback.",
    ),
    ErrorCode(
        "NM602",
        "A run or sweep was stopped",
        "Ctrl-C, SIGTERM or SIGHUP. What was recorded is kept.",
        "Continue it with `--resume DIR`.",
    ),
    ErrorCode(
        "NM610",
        "The directory holds no run",
        "The path is misspelt, or is that of a sweep or of its parent.",
        "Give the directory that has `run.json`.",
    ),
    ErrorCode(
        "NM611",
        "A file was written by another version of neuromodels",
        "The layout of runs or sweeps has changed since.",
        "Read it with the version that wrote it; `run.json` says which.",
    ),
    ErrorCode(
        "NM612",
        "A file of a run is damaged",
        "It was cut off, edited, or written by another program.",
        "Do what the message says: repeat the analysis, or start the run again.",
    ),
    ErrorCode(
        "NM613",
        "The directory cannot be that of a new run or sweep",
        "It holds something already, or is a file.",
        "Choose a new or an empty directory, or resume what is there.",
    ),
    ErrorCode(
        "NM614",
        "Another process works in this directory",
        "A run or sweep in it has not ended.",
        "Wait for it to end, or choose another directory.",
    ),
    ErrorCode(
        "NM615",
        "The circuit of a run is neither installed nor importable",
        "The run was made with a plugin or module that is not here.",
        "Install the plugin that the message names.",
    ),
    ErrorCode(
        "NM616",
        "A run cannot be resumed from its checkpoint",
        "What was recorded does not end where the checkpoint begins.",
        "Start the run again in a new directory.",
    ),
    ErrorCode(
        "NM617",
        "A file was changed since neuromodels wrote it",
        "The disk or a transfer damaged it, or it was edited: its checksum is another.",
        "Restore it from a copy, or run it again; `neuromodels verify DIR` looks at all files.",
    ),
    ErrorCode(
        "NM618",
        "A run has a link, a pipe or another file in place of one of its own",
        "Somebody put it there: following it could read or write files outside of the run.",
        "Look where it leads; put the file itself there, if you trust it.",
    ),
    ErrorCode(
        "NM619",
        "What made a run has changed since it was interrupted",
        "A model, the circuit's code, NEST, NESTML, the resolution or the number of threads is "
        "not that of the first half.",
        "Bring back what has changed, or repeat the run; `--force` mixes both halves, and the run "
        "says so ever after.",
    ),
    ErrorCode(
        "NM620",
        "The MPI ranks of a run differ in what must be the same",
        "Something was read or drawn on one rank only, so that networks or parameters differ.",
        "Read with `neuromodels.get_values` or `weights`, and draw random numbers on all ranks.",
    ),
    ErrorCode(
        "NM621",
        "NEST was called on one MPI rank alone, where it needs all of them",
        "Attributes of the kernel, `Create`, `Connect` and simulation involve all ranks.",
        "Call it on all ranks, outside of `network.once` and of analyses.",
    ),
    ErrorCode(
        "NM630",
        "The kernel is not at the time at which the phase begins",
        "A circuit or plugin called `nest.Simulate` itself.",
        "Leave simulating to neuromodels.",
    ),
    ErrorCode(
        "NM631",
        "Connections were added after the beginning of a simulation under MPI",
        "NEST may then lose or double spikes.",
        "Connect in `build()`, or run in one process.",
    ),
    ErrorCode(
        "NM640",
        "The directory holds no sweep, or another one",
        "The path is misspelt, or the sweep there has other parameters or runs.",
        "Give the directory of the sweep, or a new one.",
    ),
    ErrorCode(
        "NM641",
        "A job still works in this directory",
        "It was submitted before and has not ended.",
        "Wait for it (`neuromodels jobs`), or cancel it (`scancel`).",
    ),
    ErrorCode(
        "NM642",
        "A run of this status cannot be submitted",
        "It is complete, or is running.",
        "Submit only what is interrupted or failed.",
    ),
    ErrorCode(
        "NM650",
        "A benchmark measured nothing",
        "Every measurement failed; the message quotes the first reason.",
        "Mend that reason; `--limit` may exclude all sizes.",
    ),
    ErrorCode(
        "NM651",
        "The file holds no measurements of this neuromodels",
        "It was written by another program or version.",
        "Measure again: `neuromodels bench`.",
    ),
    ErrorCode(
        "NM660",
        "Runs are missing from a reproduction",
        "They failed; the message quotes the first reason.",
        "Mend that reason and give the same command again: complete runs are kept.",
    ),
    ErrorCode(
        "NM661",
        "A reproduction lacks metrics or a comparison",
        "An analysis does not give a metric that its circuit owes, or a comparison raised.",
        "The message names the first; a faulty plugin is its authors' to mend.",
    ),
    # 7: analyses of complete runs.
    ErrorCode(
        "NM700",
        "An analysis failed",
        "The simulation is complete and on disk, but an analysis or observer raised an error.",
        "Correct the analysis; then `neuromodels analyze RUN`.",
    ),
    # 9: defects.
    ErrorCode(
        "NM900",
        "A defect of neuromodels or of a plugin",
        "An error that nobody foresaw.",
        "`neuromodels --debug …` shows where; please report it.",
    ),
)

CODES: Mapping[str, ErrorCode] = MappingProxyType({entry.code: entry for entry in _TABLE})
"""All codes of neuromodels, in their order."""
