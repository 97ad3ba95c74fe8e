/* Runs a SavedModel without Python, through the loader that TensorFlow Serving
 * uses, and writes what it answers.
 *
 *     serve DIR OUTPUT_OP ANSWERS [INPUT_OP FLOATS SIZE,SIZE,...]...
 *
 * FLOATS and ANSWERS are files of raw float32 values.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"

#define MAX_INPUTS 4
#define MAX_RANK 8

static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void check(TF_Status *status, const char *what) {
    if (TF_GetCode(status) != TF_OK) fail(what, TF_Message(status));
}

static TF_Output find(TF_Graph *graph, const char *name) {
    TF_Output output = {TF_GraphOperationByName(graph, name), 0};
    if (output.oper == NULL) fail(name, "no such operation");
    return output;
}

static TF_Tensor *read_tensor(const char *file, char *shape) {
    int64_t sizes[MAX_RANK];
    int rank = 0;
    size_t count = 1;
    for (char *s = strtok(shape, ","); s != NULL; s = strtok(NULL, ",")) {
        if (rank == MAX_RANK) fail(file, "too many dimensions");
        sizes[rank] = atoll(s);
        count *= (size_t)sizes[rank++];
    }
    TF_Tensor *tensor = TF_AllocateTensor(TF_FLOAT, sizes, rank, count * sizeof(float));
    FILE *stream = fopen(file, "rb");
    if (stream == NULL) fail(file, "cannot be opened");
    if (fread(TF_TensorData(tensor), sizeof(float), count, stream) != count)
        fail(file, "is too short");
    fclose(stream);
    return tensor;
}

int main(int argc, char **argv) {
    if (argc < 7 || (argc - 4) % 3 != 0 || (argc - 4) / 3 > MAX_INPUTS)
        fail(argv[0], "wrong number of arguments");
    TF_Status *status = TF_NewStatus();
    TF_Graph *graph = TF_NewGraph();
    TF_SessionOptions *options = TF_NewSessionOptions();
    const char *tags[] = {"serve"};
    TF_Session *session = TF_LoadSessionFromSavedModel(
        options, NULL, argv[1], tags, 1, graph, NULL, status);
    check(status, argv[1]);

    int count = (argc - 4) / 3;
    TF_Output inputs[MAX_INPUTS];
    TF_Tensor *values[MAX_INPUTS];
    for (int i = 0; i < count; i++) {
        inputs[i] = find(graph, argv[4 + 3 * i]);
        values[i] = read_tensor(argv[5 + 3 * i], argv[6 + 3 * i]);
    }
    TF_Output output = find(graph, argv[2]);
    TF_Tensor *answer = NULL;
    TF_SessionRun(session, NULL, inputs, values, count, &output, &answer, 1, NULL, 0,
                  NULL, status);
    check(status, "run");
    if (TF_TensorType(answer) != TF_FLOAT) fail("answer", "is not float32");

    FILE *stream = fopen(argv[3], "wb");
    if (stream == NULL) fail(argv[3], "cannot be opened");
    fwrite(TF_TensorData(answer), 1, TF_TensorByteSize(answer), stream);
    fclose(stream);

    TF_DeleteTensor(answer);
    for (int i = 0; i < count; i++) TF_DeleteTensor(values[i]);
    TF_CloseSession(session, status);
    TF_DeleteSession(session, status);
    TF_DeleteSessionOptions(options);
    TF_DeleteGraph(graph);
    TF_DeleteStatus(status);
    return 0;
}
